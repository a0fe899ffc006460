// Forests of other libraries in the random forest module, and its forests for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "e2e/npy.hpp"
#include "e2e/wasm_ml.hpp"

namespace gpu_host::e2e {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string model_file(const std::string& name) { return read_file(WGH_TREELITE_DIR "/" + name + ".treelite"); }

// What Treelite's own predictor makes of rows (tests/wasm_ml/treelite/make_models.py); without rows that have infinite
// values, which tables may not have.
struct Expected {
  std::uint32_t n_rows = 0;
  std::uint32_t n_features = 0;
  std::uint32_t n_outputs = 0;
  std::vector<float> inputs = {};
  std::vector<double> outputs = {};

  // The inputs.
  [[nodiscard]] std::string array() const {
    return npy_file("<f4", "(" + std::to_string(n_rows) + ", " + std::to_string(n_features) + ")", bytes_of(inputs));
  }
};

template <class T>
std::vector<T> take(std::string_view& bytes, std::size_t n) {
  std::vector<T> values(n);
  if (bytes.size() < n * sizeof(T)) throw std::runtime_error("the file of predictions is too short");
  std::memcpy(values.data(), bytes.data(), n * sizeof(T));
  bytes.remove_prefix(n * sizeof(T));
  return values;
}

Expected expected_of(const std::string& name) {
  const std::string file = read_file(WGH_TREELITE_DIR "/" + name + ".predictions");
  std::string_view bytes = file;
  const auto sizes = take<std::uint32_t>(bytes, 3);
  Expected expected{.n_features = sizes[1], .n_outputs = sizes[2]};
  const auto inputs = take<float>(bytes, std::size_t{sizes[0]} * sizes[1]);
  take<double>(bytes, std::size_t{sizes[0]} * sizes[2]);  // without the postprocessor
  const auto outputs = take<double>(bytes, std::size_t{sizes[0]} * sizes[2]);
  for (std::size_t row = 0; row < sizes[0]; ++row) {
    const auto begin = inputs.begin() + static_cast<std::ptrdiff_t>(row * sizes[1]);
    const auto end = begin + sizes[1];
    if (std::any_of(begin, end, [](float x) { return std::isinf(x); })) continue;
    ++expected.n_rows;
    expected.inputs.insert(expected.inputs.end(), begin, end);
    const auto of_row = outputs.begin() + static_cast<std::ptrdiff_t>(row * sizes[2]);
    expected.outputs.insert(expected.outputs.end(), of_row, of_row + sizes[2]);
  }
  return expected;
}

class WasmMlTreelite : public testing::Test {
 protected:
  [[nodiscard]] Outcome run(const std::vector<std::string>& arguments) const {
    return wasm_ml(folder_, arguments, "cpu");
  }
  void import(const std::string& name, const std::vector<std::string>& more = {}) const {
    folder_.add("forest.treelite", model_file(name));
    std::vector<std::string> arguments{"import", "--treelite", "forest.treelite", "--model", "model"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run(arguments);
    ASSERT_EQ(outcome.exit_code, 0) << name << ": " << outcome;
    EXPECT_THAT(outcome.out, testing::MatchesRegex("imported [0-9]+ trees, [0-9]+ nodes, of [0-9]+ features: model\n"));
  }
  [[nodiscard]] std::vector<float> predict(const std::string& model, const std::string& data) const {
    const Outcome outcome = run({"predict", "--model", model, "--data", data, "--output", "out.npy"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    return outcome.exit_code == 0 ? read_floats(read_file(folder_.path() / "out.npy")).values : std::vector<float>();
  }
  TempFolder folder_;
};

TEST_F(WasmMlTreelite, ImportedForestsPredictAsTreeliteDoes) {
  std::size_t n_models = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WGH_TREELITE_DIR)) {
    if (entry.path().extension() != ".treelite") continue;
    const std::string name = entry.path().stem();
    import(name);
    const Expected expected = expected_of(name);
    ASSERT_GT(expected.n_rows, 3U) << name;
    folder_.add("x.npy", expected.array());
    const std::vector<float> predictions = predict("model", "x.npy");
    // Of two classes Treelite may tell the second one's probability alone.
    const std::size_t width = predictions.size() / expected.n_rows;
    ASSERT_EQ(predictions.size(), width * expected.n_rows) << name;
    ASSERT_TRUE(width == expected.n_outputs || (width == 2 && expected.n_outputs == 1)) << name << ": " << width;
    for (std::size_t i = 0; i < expected.outputs.size(); ++i) {
      const double prediction = width == expected.n_outputs ? predictions[i] : predictions[2 * i + 1];
      EXPECT_NEAR(prediction, expected.outputs[i], 1e-6 * std::abs(expected.outputs[i])) << name << ", number " << i;
    }
    ++n_models;
  }
  EXPECT_GT(n_models, 20U);
}

TEST_F(WasmMlTreelite, NamesAreGivenOrNumbers) {
  import("sklearn_rf_classes");
  const json numbered = json::parse(run({"info", "--model", "model", "--json"}).out);
  EXPECT_EQ(numbered.at("origin"), "treelite");
  EXPECT_EQ(numbered.at("task"), "classification");
  EXPECT_THAT(numbered.at("classes"), testing::ElementsAre("0", "1", "2"));
  EXPECT_EQ(numbered.at("features")[3].at("name"), "3");
  EXPECT_FALSE(numbered.contains("training_rows")) << "nothing is known of how it was trained";

  import("sklearn_rf_classes", {"--features", "a,b,c,d", "--classes", "low,middle,high", "--target", "level"});
  folder_.add("rows.csv", "level,d,c,b,a\nlow,0,0,0,-2\nhigh,0,0,0,2\n");
  const Outcome outcome = run({"evaluate", "--model", "model", "--data", "rows.csv", "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(json::parse(outcome.out).at("accuracy"), 1);
}

TEST_F(WasmMlTreelite, OutputsOfSeveralTargetsHaveAColumnEach) {
  import("sklearn_rf_targets", {"--features", "a,b,c,d", "--target", "y"});
  folder_.add("rows.csv", "a,b,c,d,y\n0,0,0,0,1\n1,1,1,1,2\n");
  const Outcome outcome = run({"predict", "--model", "model", "--data", "rows.csv"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  const std::vector<std::string> lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "output 0,output 1");
  EXPECT_EQ(std::ranges::count(lines[1], ','), 1);
  EXPECT_THAT(outcome.err, HasSubstr("not evaluated: "));
  const Outcome evaluated = run({"evaluate", "--model", "model", "--data", "rows.csv"});
  EXPECT_EQ(evaluated.exit_code, 1) << evaluated;
  EXPECT_THAT(evaluated.err, HasSubstr("cannot be compared with a column"));
}

TEST_F(WasmMlTreelite, ExportedForestsPredictTheSameWhenImported) {
  folder_.add("two.csv", "a,b,y\n1,5,no\n2,4,no\n3,,yes\n4,2,yes\n5,1,no\n");
  folder_.add("three.csv", "a,b,y\n1,5,x\n2,4,x\n3,,y\n4,2,y\n5,1,z\n");
  const struct {
    std::string data;
    std::string test;
    std::string features;
  } cases[] = {{"/data/diabetes_train.csv", "/data/diabetes_test.csv", "age,sex,bmi,bp,s1,s2,s3,s4,s5,s6"},
               {"two.csv", "two.csv", "a,b"},
               {"three.csv", "three.csv", "a,b"}};
  for (const auto& [data, test, features] : cases) {
    ASSERT_EQ(run({"train", "--data", data, "--model", "model", "--trees", "20"}).exit_code, 0);
    const Outcome exported = run({"export", "--model", "model", "--treelite", "forest.treelite"});
    EXPECT_EQ(exported.exit_code, 0) << exported;
    EXPECT_EQ(exported.err, "");
    EXPECT_THAT(exported.out, testing::StartsWith("exported 20 trees, "));
    const Outcome imported =
        run({"import", "--treelite", "forest.treelite", "--model", "again", "--features", features});
    EXPECT_EQ(imported.exit_code, 0) << imported;
    const std::vector<float> predictions = predict("model", test);
    const std::vector<float> again = predict("again", test);
    ASSERT_EQ(again.size(), predictions.size()) << data;
    for (std::size_t i = 0; i < again.size(); ++i) {
      EXPECT_NEAR(again[i], predictions[i], 1e-6 * std::abs(predictions[i])) << data << ", number " << i;
    }
  }
}

// Sums and means, with base scores, several outputs, postprocessors.
TEST_F(WasmMlTreelite, ImportedForestsAreExportedAsTheyAre) {
  for (const auto& entry : std::filesystem::directory_iterator(WGH_TREELITE_DIR)) {
    if (entry.path().extension() != ".treelite") continue;
    const std::string name = entry.path().stem();
    import(name);
    const Expected expected = expected_of(name);
    folder_.add("x.npy", expected.array());
    const Outcome exported = run({"export", "--model", "model", "--treelite", "again.treelite"});
    ASSERT_EQ(exported.exit_code, 0) << name << ": " << exported;
    const Outcome imported = run({"import", "--treelite", "again.treelite", "--model", "again"});
    ASSERT_EQ(imported.exit_code, 0) << name << ": " << imported;
    EXPECT_EQ(predict("again", "x.npy"), predict("model", "x.npy")) << name;
  }
}

TEST_F(WasmMlTreelite, ExportWarnsOfCategories) {
  folder_.add("data.csv", "colour,y\nred,1\nblue,2\n");
  ASSERT_EQ(run({"train", "--data", "data.csv", "--model", "model"}).exit_code, 0);
  const Outcome outcome = run({"export", "--model", "model", "--treelite", "forest.treelite"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("warning: column 'colour': the exported forest takes the numbers of categories"));
}

TEST_F(WasmMlTreelite, BadFilesAreRefused) {
  const std::string good = model_file("xgboost_regression");
  const auto with_major = [&](char major) {
    std::string file = good;
    file[0] = major;
    return file;
  };
  std::string of_doubles = good;
  of_doubles[12] = 1;
  const struct {
    std::string file;
    std::string says;
  } cases[] = {{"", "header (byte 0)"},
               {"name,value\n1,2\n", "this is no model of Treelite"},
               {good.substr(0, good.size() / 2), "byte"},
               {good.substr(0, good.size() - 1), "byte"},
               {good + "more", "the file goes on after the last tree"},
               {with_major(3), "a model of Treelite 3."},
               {with_major(5), "a model of Treelite 5."},
               {of_doubles, "of type 1"}};
  folder_.add("model", "what was there before");
  for (const auto& [file, says] : cases) {
    folder_.add("bad.treelite", file);
    const Outcome outcome = run({"import", "--treelite", "bad.treelite", "--model", "model"});
    EXPECT_EQ(outcome.exit_code, 1) << outcome;
    EXPECT_THAT(outcome.err, testing::AllOf(HasSubstr("'bad.treelite': "), HasSubstr(says)));
  }
  EXPECT_EQ(read_file(folder_.path() / "model"), "what was there before");
}

// A file has no checksum: what a flipped bit makes of it is refused, or is another forest.
TEST_F(WasmMlTreelite, CutOrFlippedAnywhereItDoesNoHarm) {
  const std::string good = model_file("sklearn_rf_classes");
  for (std::size_t at = 0; at < good.size(); at += good.size() / 50) {
    folder_.add("cut.treelite", good.substr(0, at));
    const Outcome cut = run({"import", "--treelite", "cut.treelite", "--model", "model"});
    EXPECT_EQ(cut.exit_code, 1) << at << ": " << cut;
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ 1 << at % 8);
    folder_.add("flipped.treelite", flipped);
    const Outcome outcome = run({"import", "--treelite", "flipped.treelite", "--model", "model"});
    EXPECT_THAT(outcome.exit_code, testing::AnyOf(0, 1)) << at << ": " << outcome;
    EXPECT_TRUE(outcome.exit_code == 0 || outcome.err.starts_with("wasm_ml: error: 'flipped.treelite': ")) << outcome;
  }
}

TEST_F(WasmMlTreelite, WrongCommandLines) {
  folder_.add("forest.treelite", model_file("sklearn_rf_regression"));
  const auto import_with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"import", "--treelite", "forest.treelite", "--model", "model"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  };
  const Outcome features = import_with({"--features", "a,b"});
  EXPECT_EQ(features.exit_code, kUsageError) << features;
  EXPECT_THAT(features.err, HasSubstr("option '--features' has 2 names, not 4"));
  const Outcome classes = import_with({"--classes", "a,b"});
  EXPECT_EQ(classes.exit_code, kUsageError) << classes;
  EXPECT_THAT(classes.err, HasSubstr("the forest is not a classification"));
  const Outcome twice = import_with({"--features", "a,b,a,c"});
  EXPECT_EQ(twice.exit_code, kUsageError) << twice;
  EXPECT_THAT(twice.err, HasSubstr("option '--features' has 'a' twice"));
  const Outcome empty = import_with({"--features", "a,b,,c"});
  EXPECT_EQ(empty.exit_code, kUsageError) << empty;
  EXPECT_THAT(empty.err, HasSubstr("option '--features' has an empty name"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "model"));
  const Outcome same = run({"import", "--treelite", "forest.treelite", "--model", "forest.treelite"});
  EXPECT_EQ(same.exit_code, 1) << same;
  EXPECT_THAT(same.err, HasSubstr("is the input 'forest.treelite'"));
}

}  // namespace
}  // namespace gpu_host::e2e
