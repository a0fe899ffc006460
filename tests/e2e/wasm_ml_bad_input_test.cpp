// Files that the random forest module must refuse, losing nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "e2e/wasm_ml.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

struct BadCsv {
  const char* name;
  std::string text;
  std::string place;  // what the message must hold: file, line and, where there is one, column
};

std::ostream& operator<<(std::ostream& stream, const BadCsv& csv) { return stream << csv.name; }

class WasmMlCsv : public testing::TestWithParam<BadCsv> {};

TEST_P(WasmMlCsv, IsRefusedWithItsPlace) {
  const TempFolder folder;
  folder.add("bad.csv", GetParam().text);
  folder.add("model", "what was there before");
  const Outcome outcome = wasm_ml(folder, {"train", "--data", "bad.csv", "--model", "model"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr(GetParam().place));
  EXPECT_EQ(read_file(folder.path() / "model"), "what was there before");
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, WasmMlCsv,
    testing::Values(BadCsv{"NoHeader", "1,2,3\n4,5,6\n", "bad.csv:1:1: no header"},
                    BadCsv{"Text", "a,b\n1,2\n3,x\n", "bad.csv:3:2"}, BadCsv{"Blank", "a,b\n2,\n", "bad.csv:2:2"},
                    BadCsv{"OpenQuote", "a,b\n1,2\n\"x,2\n", "bad.csv:3:1"},
                    BadCsv{"TooFew", "a,b,c\n1,2,3\n1,2\n", "bad.csv:3"},
                    BadCsv{"TooMany", "a,b\n1,2,3\n", "bad.csv:2"}, BadCsv{"NaN", "a,b\n1,nan\n", "bad.csv:2:2"},
                    BadCsv{"Huge", "a,b\n1e99,2\n", "bad.csv:2:1"}, BadCsv{"BlankLine", "a,b\n\n1,2\n", "bad.csv:2"},
                    BadCsv{"Empty", "", "bad.csv"}, BadCsv{"NoRows", "a,b\n", "bad.csv"},
                    BadCsv{"OneColumn", "a\n1\n", "only one column, 'a'"},
                    BadCsv{"OneClass", "a,b\n1,x\n2,x\n", "column 'b': only one class"}),
    [](const auto& test_case) { return test_case.param.name; });

class WasmMlModel : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(train(folder_, "model").exit_code, 0);
    model_ = read_file(folder_.path() / "model");
  }
  void expect_refused(const std::string& content, const std::string& reason) const {
    folder_.add("bad.model", content);
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"info", "--model", "bad.model"},
          {"predict", "--model", "bad.model", "--data", "/data/diabetes_test.csv"}}) {
      const Outcome outcome = wasm_ml(folder_, arguments);
      EXPECT_EQ(outcome.exit_code, 1) << outcome;
      EXPECT_THAT(outcome.err, HasSubstr("bad.model"));
      EXPECT_THAT(outcome.err, HasSubstr(reason));
      EXPECT_EQ(outcome.out, "");
    }
  }
  TempFolder folder_;
  std::string model_;
};

TEST_F(WasmMlModel, Truncated) {
  expect_refused(model_.substr(0, model_.size() - 1), "truncated");
  expect_refused(model_.substr(0, model_.size() / 2), "truncated");
  expect_refused(model_.substr(0, 10), "truncated");
  expect_refused("", "empty");
}

TEST_F(WasmMlModel, Corrupted) {
  std::string corrupted = model_;
  corrupted[corrupted.size() / 2] = static_cast<char>(corrupted[corrupted.size() / 2] ^ 0x10);
  expect_refused(corrupted, "checksum");
  corrupted = model_;
  corrupted[50] = static_cast<char>(corrupted[50] ^ 0x10);  // in what is said of the forest
  expect_refused(corrupted, "checksum");
  expect_refused(model_ + "more", "bytes");
}

// Never another end than an error, which nothing is printed before.
TEST_F(WasmMlModel, CutOrFlippedAnywhere) {
  const auto expect_error = [&](const std::string& content, std::size_t at) {
    folder_.add("bad.model", content);
    const Outcome outcome =
        wasm_ml(folder_, {"predict", "--model", "bad.model", "--data", "/data/diabetes_test.csv"}, "cpu");
    EXPECT_EQ(outcome.exit_code, 1) << at << ": " << outcome;
    EXPECT_THAT(outcome.err, testing::StartsWith("wasm_ml: error: model 'bad.model'")) << at;
    EXPECT_EQ(outcome.out, "");
  };
  const std::size_t step = model_.size() / 40;
  for (std::size_t at = 0; at < model_.size(); at += step) {
    expect_error(model_.substr(0, at), at);
    std::string flipped = model_;
    flipped[at] = static_cast<char>(flipped[at] ^ 1 << at % 8);
    expect_error(flipped, at);
  }
}

TEST_F(WasmMlModel, AnotherVersion) {
  std::string newer = model_;
  newer[8] = 3;  // the version follows the signature of 8 bytes
  expect_refused(newer, "format version 3; this program reads versions 1 to 2");
  newer[8] = 0;
  expect_refused(newer, "format version 0");
}

TEST_F(WasmMlModel, AnotherFile) { expect_refused("name,value\n", "not a model"); }

// Columns that a model does not know are ignored, by name; those that it needs must be there.
TEST_F(WasmMlModel, NeedsItsColumns) {
  const std::string test_file = read_file(WGH_DATA_DIR "/diabetes_test.csv");
  const auto predict = [&](std::string csv) {
    folder_.add("test.csv", csv);
    return wasm_ml(folder_, {"predict", "--model", "model", "--data", "test.csv"});
  };
  const auto with_header = [&](std::string_view from, std::string_view to) {
    std::string csv = test_file;
    return csv.replace(csv.find(from), from.size(), to);
  };
  const Outcome whole = predict(test_file);
  ASSERT_EQ(whole.exit_code, 0) << whole;
  const Outcome surplus = predict(with_header("target", "something"));
  EXPECT_EQ(surplus.exit_code, 0) << surplus;
  EXPECT_EQ(surplus.out, whole.out);
  EXPECT_EQ(surplus.err, "wasm_ml: note: columns that the model does not know are ignored: 'something'\n")
      << "and there is nothing to compare with";

  const Outcome one = predict(with_header("sex", "gender"));
  EXPECT_EQ(one.exit_code, 1) << one;
  EXPECT_EQ(one.err, "wasm_ml: error: test.csv: the model's feature 'sex' is missing from the header\n");
  const Outcome two = predict(with_header("sex,bmi", "gender,mass"));
  EXPECT_EQ(two.exit_code, 1) << two;
  EXPECT_THAT(two.err, HasSubstr("the model's features 'sex', 'bmi' are missing from the header"));
  const Outcome twice = predict(with_header("sex", "age"));
  EXPECT_EQ(twice.exit_code, 1) << twice;
  EXPECT_THAT(twice.err, HasSubstr("test.csv:1:2"));
}

TEST_F(WasmMlModel, NeedsNumbersWhereItHasSeenNumbers) {
  folder_.add("test.csv", "age,sex,bmi,bp,s1,s2,s3,s4,s5,s6\n0,0,0,0,0,0,0,0,0,0\n0,0,heavy,0,0,0,0,0,0,0\n");
  const Outcome outcome = wasm_ml(folder_, {"predict", "--model", "model", "--data", "test.csv"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "wasm_ml: error: test.csv:3:3: column 'bmi': 'heavy' is not a number\n");
}

TEST_F(WasmMlModel, CannotBeEvaluatedWithoutTheTarget) {
  const std::string csv = "age,sex,bmi,bp,s1,s2,s3,s4,s5,s6\n0,0,0,0,0,0,0,0,0,0\n";
  folder_.add("test.csv", csv);
  const Outcome outcome = wasm_ml(folder_, {"evaluate", "--model", "model", "--data", "test.csv"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome;
  EXPECT_EQ(outcome.err, "wasm_ml: error: test.csv: the target's column 'target' is missing from the header\n");
}

TEST_F(WasmMlModel, OfNumbersHasNoProbabilities) {
  const Outcome outcome =
      wasm_ml(folder_, {"predict", "--model", "model", "--data", "/data/diabetes_test.csv", "--probabilities"});
  EXPECT_EQ(outcome.exit_code, kUsageError) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("option '--probabilities': model 'model' is not a classification"));
  EXPECT_EQ(outcome.out, "");
}

TEST_F(WasmMlModel, BeyondAQuotaIsOutOfMemory) {
  const Outcome outcome = wasm_ml_with({"--backend", "cpu", "-G", "max-memory=4K"}, WGH_WASM_ML, folder_,
                                       {"predict", "--model", "model", "--data", "/data/diabetes_test.csv"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome;
  EXPECT_EQ(outcome.err, "wasm_ml: error: making room for the model on the device: out of memory\n");
  EXPECT_EQ(outcome.out, "");
}

TEST_F(WasmMlModel, IsNotOverwrittenByWhatIsMadeOfIt) {
  const std::string csv = folder_.add("own.csv", "a,b\n1,2\n3,4\n");
  const std::string before = read_file(csv);
  const Outcome trained = wasm_ml(folder_, {"train", "--data", "own.csv", "--model", "./own.csv"});
  EXPECT_EQ(trained.exit_code, 1) << trained;
  EXPECT_THAT(trained.err, HasSubstr("is the input 'own.csv'"));
  EXPECT_EQ(read_file(csv), before);
  const Outcome predicted =
      wasm_ml(folder_, {"predict", "--model", "model", "--data", "/data/diabetes_test.csv", "--output", "model"});
  EXPECT_EQ(predicted.exit_code, 1) << predicted;
  EXPECT_EQ(read_file(folder_.path() / "model"), model_);
}

TEST_F(WasmMlModel, SaysWhyItIsNotEvaluated) {
  std::string csv = read_file(std::string(WGH_DATA_DIR) + "/diabetes_test.csv");
  csv.insert(csv.size() - 1, "x");  // behind the last target
  folder_.add("test.csv", csv);
  const Outcome outcome = wasm_ml(folder_, {"predict", "--model", "model", "--data", "test.csv"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("not evaluated: test.csv:90:11: column 'target'"));
}

TEST_F(WasmMlModel, AFailedTrainingLeavesItUntouched) {
  folder_.add("bad.csv", "a,b\n1,2\n3,x\n");
  EXPECT_EQ(wasm_ml(folder_, {"train", "--data", "bad.csv", "--model", "model"}).exit_code, 1);
  EXPECT_EQ(wasm_ml(folder_, {"train", "--data", "nosuch.csv", "--model", "model"}).exit_code, 1);
  EXPECT_EQ(read_file(folder_.path() / "model"), model_);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_THAT(entry.path().filename().string(), testing::AnyOf("model", "bad.csv"));
    ++files;
  }
  EXPECT_EQ(files, 2u);
}

}  // namespace
}  // namespace gpu_host::e2e
