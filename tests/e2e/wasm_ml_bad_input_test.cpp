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
                    BadCsv{"Text", "a,b\n1,2\n3,x\n", "bad.csv:3:2"}, BadCsv{"Blank", "a,b\n,2\n", "bad.csv:2:1"},
                    BadCsv{"TooFew", "a,b,c\n1,2,3\n1,2\n", "bad.csv:3"},
                    BadCsv{"TooMany", "a,b\n1,2,3\n", "bad.csv:2"}, BadCsv{"NaN", "a,b\n1,nan\n", "bad.csv:2:2"},
                    BadCsv{"Huge", "a,b\n1e99,2\n", "bad.csv:2:1"}, BadCsv{"BlankLine", "a,b\n\n1,2\n", "bad.csv:2"},
                    BadCsv{"Empty", "", "bad.csv"}, BadCsv{"NoRows", "a,b\n", "bad.csv"}),
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
  expect_refused(corrupted, "corrupted");
  expect_refused(model_ + "more", "bytes");
}

TEST_F(WasmMlModel, AnotherVersion) {
  std::string newer = model_;
  newer[8] = static_cast<char>(newer[8] + 1);  // the version follows the signature of 8 bytes
  expect_refused(newer, "version");
}

TEST_F(WasmMlModel, AnotherFile) { expect_refused("name,value\n", "not a model"); }

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
  folder_.add("bad.csv", "a,b\n1,2\nx,3\n");
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
