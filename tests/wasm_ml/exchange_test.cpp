// Import and export: what other libraries' models become, and what others make of models of here.
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "byte_reader.hpp"
#include "commands.hpp"
#include "files.hpp"
#include "model_file.hpp"
#include "packed_trees.hpp"
#include "portable_forest_predictor.hpp"
#include "predictions.hpp"
#include "predictor.hpp"
#include "training.hpp"
#include "training_sets.hpp"
#include "treelite.hpp"

namespace wasm_ml {
namespace {

using testing::HasSubstr;

struct Gtil {
  std::uint32_t n_rows = 0;
  std::uint32_t n_features = 0;
  std::uint32_t n_outputs = 0;
  std::vector<float> inputs;
  std::vector<double> processed;
};

Gtil read_predictions(std::filesystem::path path) {
  const std::string bytes = read_file(path.replace_extension(".predictions").string()).value();
  ByteReader reader(bytes);
  Gtil of;
  EXPECT_TRUE(reader.read(of.n_rows) && reader.read(of.n_features) && reader.read(of.n_outputs));
  const std::uint64_t n_numbers = std::uint64_t{of.n_rows} * of.n_outputs;
  std::vector<double> raw;
  EXPECT_TRUE(reader.read_array(of.inputs, std::uint64_t{of.n_rows} * of.n_features));
  EXPECT_TRUE(reader.read_array(raw, n_numbers) && reader.read_array(of.processed, n_numbers));
  return of;
}

struct Outputs {
  std::uint32_t n_outputs = 0;
  std::vector<float> values;
};

Outputs outputs_of(const std::string& model, std::span<const float> rows) {
  auto file = ModelFile::open(model);
  EXPECT_TRUE(file) << file.error().message;
  if (!file) return {};
  auto predictor = Predictor::create(*file);
  EXPECT_TRUE(predictor) << predictor.error().message;
  if (!predictor) return {};
  const std::size_t n_rows = rows.size() / file->info().features.size();
  Outputs outputs{.n_outputs = predictor->n_outputs(), .values = std::vector<float>(n_rows * predictor->n_outputs())};
  EXPECT_TRUE(predictor->predict(rows, outputs.values));
  return outputs;
}

// Relative to the larger of the two.
double difference(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  return std::abs(a - b) / std::max({std::abs(a), std::abs(b), 1e-30});
}

void expect_as_gtil(const Outputs& outputs, const Gtil& gtil, const std::filesystem::path& path) {
  ASSERT_EQ(outputs.n_outputs, gtil.n_outputs) << path;
  double worst = 0;
  for (std::size_t i = 0; i < outputs.values.size(); ++i) {
    worst = std::max(worst, difference(double{outputs.values[i]}, gtil.processed[i]));
  }
  EXPECT_LE(worst, 1e-6) << path;
}

std::vector<std::filesystem::path> models() {
  std::vector<std::filesystem::path> models;
  for (const auto& entry : std::filesystem::directory_iterator(WASM_ML_TREELITE_DIR)) {
    if (entry.path().extension() == ".treelite") models.push_back(entry.path());
  }
  std::ranges::sort(models);
  return models;
}

class ExchangeTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("exchange_test_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // What it prints, or its error.
  static std::string run_of(const auto& command) {
    testing::internal::CaptureStdout();
    const auto done = run(command);
    const std::string out = testing::internal::GetCapturedStdout();
    return done ? out : done.error().message;
  }

  // Exported and read without the device.
  PortableForest exported(const std::string& model) {
    EXPECT_THAT(run_of(ExportCommand{.model = model, .treelite = path("exported")}), HasSubstr("exported "));
    const std::string bytes = read_file(path("exported")).value();
    auto forest = read_treelite(std::as_bytes(std::span(bytes)));
    EXPECT_TRUE(forest) << forest.error().message;
    return forest.value_or(PortableForest());
  }

  void expect_same_when_exported(const std::string& model, std::span<const float> rows) {
    const Outputs outputs = outputs_of(model, rows);
    const PortableForest forest = exported(model);
    ASSERT_EQ(forest.n_outputs, outputs.n_outputs) << model;
    const PortableForestPredictor predictor(forest);
    for (std::size_t row = 0; row < rows.size() / forest.n_features; ++row) {
      const auto expected = predictor.predict(rows.subspan(row * forest.n_features, forest.n_features));
      for (std::uint32_t k = 0; k < forest.n_outputs; ++k) {
        EXPECT_LE(difference(double{outputs.values[row * forest.n_outputs + k]}, expected[k]), 1e-6) << model;
      }
    }
    EXPECT_THAT(run_of(ImportCommand{.treelite = path("exported"), .model = path("again")}), HasSubstr("imported "));
    const Outputs again = outputs_of(path("again"), rows);
    ASSERT_EQ(again.values.size(), outputs.values.size());
    for (std::size_t i = 0; i < again.values.size(); ++i) {
      EXPECT_LE(difference(double{again.values[i]}, double{outputs.values[i]}), 1e-6) << model << " " << i;
    }
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(ExchangeTest, ImportedModelsPredictAsGtil) {
  EXPECT_GT(models().size(), 20U);
  for (const auto& treelite : models()) {
    const std::string done = run_of(ImportCommand{.treelite = treelite.string(), .model = path("m")});
    EXPECT_THAT(done, testing::StartsWith("imported ")) << treelite;
    const Gtil gtil = read_predictions(treelite);
    expect_as_gtil(outputs_of(path("m"), gtil.inputs), gtil, treelite);
  }
}

TEST_F(ExchangeTest, ImportedModelsExportedAgainPredictTheSame) {
  for (const auto& treelite : models()) {
    const std::string model = path(treelite.stem().string());
    ASSERT_THAT(run_of(ImportCommand{.treelite = treelite.string(), .model = model}), testing::StartsWith("imported "));
    expect_same_when_exported(model, read_predictions(treelite).inputs);
  }
}

TEST_F(ExchangeTest, ARegressionThatWasTrainedHere) {
  const TrainingSet set = diabetes();
  ASSERT_TRUE(save_model(path("m"), train_forest(set, {.n_trees = 30}).value().model));
  const PortableForest forest = exported(path("m"));
  EXPECT_EQ(forest.task, ForestTask::regression);
  EXPECT_TRUE(forest.average);
  EXPECT_EQ(forest.n_trees(), 30U);
  EXPECT_GT(forest.nodes[0].weight, 0U);
  expect_same_when_exported(path("m"), set.features);
}

TEST_F(ExchangeTest, AClassificationThatWasTrainedHere) {
  TrainingSet set = diabetes();
  for (const std::vector<std::string>& classes : {std::vector<std::string>{"no", "yes"}, {"few", "some", "many"}}) {
    set.classes = classes;
    for (std::uint32_t row = 0; row < set.n_rows; ++row) {
      set.targets[row] = static_cast<float>(row % classes.size());
    }
    ASSERT_TRUE(save_model(path("m"), train_forest(set, {.n_trees = 11, .max_depth = 5}).value().model));
    const PortableForest forest = exported(path("m"));
    EXPECT_EQ(forest.task, ForestTask::multiclass);
    EXPECT_EQ(forest.n_outputs, classes.size());
    expect_same_when_exported(path("m"), set.features);
  }
}

// A probability for each of two targets is none of two classes.
TEST_F(ExchangeTest, SeveralTargetsOfTwoClassesAreScores) {
  PortableForest forest;
  forest.task = ForestTask::binary;
  forest.n_classes = 2;
  forest.n_targets = forest.n_outputs = 2;
  forest.n_features = 1;
  forest.base = {0.5, -1};
  forest.postprocessor = {.kind = PostprocessorKind::sigmoid, .sigmoid_alpha = 2};
  forest.tree_offsets = {0, 3, 4};
  forest.tree_outputs = {1, 0};
  forest.nodes = {{.feature = 0, .threshold = 0, .left = 1, .missing_child = 1},
                  {.feature = -1, .threshold = 1},
                  {.feature = -1, .threshold = 2},
                  {.feature = -1, .threshold = -3}};
  const std::vector<std::byte> bytes = write_treelite(forest);
  ASSERT_TRUE(write_file(path("t"), {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  EXPECT_THAT(run_of(ImportCommand{.treelite = path("t"), .model = path("m")}), HasSubstr("imported 2 trees"));
  EXPECT_EQ(ModelFile::open(path("m")).value().info().task, ModelTask::scores);
  const Outputs outputs = outputs_of(path("m"), std::vector<float>{-1});
  EXPECT_EQ(outputs.n_outputs, 2U);
  EXPECT_FLOAT_EQ(outputs.values[0], static_cast<float>(1 / (1 + std::exp(5))));
  EXPECT_FLOAT_EQ(outputs.values[1], 0.5F);
  expect_same_when_exported(path("m"), std::vector<float>{-1, 1, NAN});
  EXPECT_EQ(exported(path("m")).n_targets, 2U);
}

TEST_F(ExchangeTest, NamesThatAreGiven) {
  const std::string binary = WASM_ML_TREELITE_DIR "/xgboost_binary.treelite";
  const auto n_features = read_predictions(binary).n_features;
  std::string features = "the \"first\"";
  for (std::uint32_t i = 1; i < n_features; ++i) features += ",f" + std::to_string(i);
  EXPECT_THAT(run_of(ImportCommand{
                  .treelite = binary, .model = path("m"), .features = features, .classes = "no,yes", .target = "ill"}),
              HasSubstr("imported "));
  const auto file = ModelFile::open(path("m"));
  ASSERT_TRUE(file) << file.error().message;
  const ModelInfo& info = file->info();
  EXPECT_EQ(info.task, ModelTask::classification);
  EXPECT_EQ(info.origin, "treelite");
  EXPECT_EQ(info.target_name, "ill");
  EXPECT_EQ(info.features.front().name, "the \"first\"");
  EXPECT_EQ(info.features.back().name, "f" + std::to_string(n_features - 1));
  EXPECT_THAT(info.classes, testing::ElementsAre("no", "yes"));
  EXPECT_EQ(info.n_train_rows, 0U);

  EXPECT_EQ(run_of(ImportCommand{.treelite = binary, .model = path("m"), .features = "a,b"}),
            "option '--features' has 2 names, not " + std::to_string(n_features));
  EXPECT_EQ(run_of(ImportCommand{.treelite = binary, .model = path("m"), .classes = "a,b,c"}),
            "option '--classes' has 3 names, not 2");
  EXPECT_EQ(run_of(ImportCommand{
                .treelite = WASM_ML_TREELITE_DIR "/xgboost_regression.treelite", .model = path("m"), .classes = "a,b"}),
            "option '--classes': the forest is not a classification");
}

TEST_F(ExchangeTest, NamesThatNoModelCanHaveAreRefused) {
  const std::string binary = WASM_ML_TREELITE_DIR "/xgboost_binary.treelite";
  const auto n_features = read_predictions(binary).n_features;
  std::string same = "a";
  std::string empty;
  for (std::uint32_t i = 1; i < n_features; ++i) {
    same += ",a";
    empty += ",f" + std::to_string(i);
  }
  EXPECT_EQ(run_of(ImportCommand{.treelite = binary, .model = path("m"), .features = same}),
            "option '--features' has 'a' twice");
  EXPECT_EQ(run_of(ImportCommand{.treelite = binary, .model = path("m"), .features = empty}),
            "option '--features' has an empty name");
  EXPECT_EQ(run_of(ImportCommand{.treelite = binary, .model = path("m"), .classes = "x,x"}),
            "option '--classes' has 'x' twice");
  EXPECT_FALSE(std::filesystem::exists(path("m")));
}

TEST_F(ExchangeTest, FilesThatCannotBeUsed) {
  const std::string binary = WASM_ML_TREELITE_DIR "/xgboost_binary.treelite";
  EXPECT_THAT(run_of(ImportCommand{.treelite = path("none"), .model = path("m")}), HasSubstr("cannot open"));
  EXPECT_THAT(run_of(ImportCommand{.treelite = binary, .model = binary}), HasSubstr("is the input"));
  ASSERT_TRUE(write_file(path("csv"), "a,b\n1,2\n"));
  EXPECT_THAT(run_of(ImportCommand{.treelite = path("csv"), .model = path("m")}),
              testing::StartsWith("'" + path("csv") + "': "));
  EXPECT_THAT(run_of(ExportCommand{.model = path("csv"), .treelite = path("t")}), HasSubstr("not a model of wasm_ml"));
}

TEST_F(ExchangeTest, ExportWarnsOfCategories) {
  TrainingSet set = set_of({"a", "b"}, {0, 1, 5, 1, 2, 6});
  set.feature_types[1].categories = {"x", "y", "z"};
  ASSERT_TRUE(save_model(path("m"), train_forest(set, {.n_trees = 1}).value().model));
  testing::internal::CaptureStderr();
  (void)exported(path("m"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "wasm_ml: warning: column 'b': the exported forest takes the numbers of categories, from 0\n");
}

}  // namespace
}  // namespace wasm_ml
