// Model files of each version that there was, which are read for ever, with what they predict.
#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "dataset.hpp"
#include "files.hpp"
#include "model_file.hpp"
#include "number.hpp"
#include "packed_trees.hpp"
#include "predictions.hpp"
#include "predictor.hpp"
#include "training.hpp"

namespace wasm_ml {
namespace {

using testing::ElementsAre;

constexpr const char* kFolder = WASM_ML_MODELS_DIR;
constexpr const char* kDiabetes = WASM_ML_DATA_DIR "/diabetes_test.csv";

struct Golden {
  std::string name;
  std::uint32_t version;
  std::string data;
};

std::vector<Golden> golden_models() {
  return {{"version_1", 1, kDiabetes},
          {"version_2_regression", 2, kDiabetes},
          {"version_2_classes", 2, std::string(kFolder) + "/fruits.csv"},
          {"version_2_imported", 2, std::string(kFolder) + "/imported_rows.csv"}};
}

std::string model_path(const std::string& name) { return std::string(kFolder) + "/" + name + ".model"; }

std::string predictions_of(ModelFile file, const std::string& data) {
  const auto set = load_prediction_set(data, columns_of(file.info()));
  EXPECT_TRUE(set) << set.error().message;
  auto predictor = Predictor::create(file);
  EXPECT_TRUE(predictor) << predictor.error().message;
  if (!set || !predictor) return "";
  return predictions_csv(predict_rows(file.info(), *predictor, *set).value(), true);
}

std::vector<std::string> fields_of(const std::string& csv) {
  std::vector<std::string> fields;
  std::istringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream columns(line);
    for (std::string field; std::getline(columns, field, ',');) fields.push_back(field);
  }
  return fields;
}

TEST(GoldenModelsTest, PredictAsTheyDid) {
  for (const Golden& golden : golden_models()) {
    auto file = ModelFile::open(model_path(golden.name));
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->version(), golden.version);
    const auto fields = fields_of(predictions_of(*std::move(file), golden.data));
    const auto kept = fields_of(read_file(std::string(kFolder) + "/" + golden.name + "_predictions.csv").value());
    ASSERT_EQ(fields.size(), kept.size()) << golden.name;
    EXPECT_GT(fields.size(), 20U);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto number = parse_double(fields[i]);
      const auto expected = parse_double(kept[i]);
      ASSERT_EQ(number.has_value(), expected.has_value()) << golden.name << " " << i;
      if (!number) {
        EXPECT_EQ(fields[i], kept[i]) << golden.name << " " << i;
        continue;
      }
      // Version 1 was predicted by kernels, which add up otherwise.
      const double tolerance = golden.version == 1 ? 1e-6 : 0;
      EXPECT_LE(std::abs(*number - *expected), tolerance * std::abs(*expected)) << golden.name << " " << i;
    }
  }
}

TEST(GoldenModelsTest, WrittenAgainTheyAreTheSame) {
  for (const Golden& golden : golden_models()) {
    const std::string bytes = read_file(model_path(golden.name)).value();
    EXPECT_LT(bytes.size(), 20'000U);
    auto file = ModelFile::open(model_path(golden.name));
    ASSERT_TRUE(file) << file.error().message;
    if (golden.version != kModelVersion) continue;
    const std::string packed = file->read_packed().value();
    EXPECT_EQ(encode_model({.info = file->info(), .packed = packed}), bytes) << golden.name;
  }
}

TEST(GoldenModelsTest, TellWhatTheyAre) {
  const auto info_of = [](const char* name) { return ModelFile::open(model_path(name)).value().info(); };
  const ModelInfo first = info_of("version_1");
  EXPECT_EQ(first.task, ModelTask::regression);
  EXPECT_EQ(first.target_name, "target");
  EXPECT_EQ(first.features.size(), 10U);
  const ModelInfo regression = info_of("version_2_regression");
  EXPECT_EQ(regression.task, ModelTask::regression);
  EXPECT_EQ(regression.target_name, first.target_name);
  EXPECT_EQ(regression.features, first.features);
  EXPECT_EQ(regression.n_train_rows, 353U);
  EXPECT_EQ(regression.importances.size(), 10U);
  EXPECT_EQ(regression.params.max_depth, 5U);
  const ModelInfo classes = info_of("version_2_classes");
  EXPECT_EQ(classes.task, ModelTask::classification);
  EXPECT_EQ(classes.target_name, "fruit");
  EXPECT_THAT(classes.classes, ElementsAre("apple", "pear", "plum, small"));
  EXPECT_EQ(classes.features[0].name, "color");
  EXPECT_THAT(classes.features[0].categories, testing::UnorderedElementsAre("red", "grün", "blue"));
  EXPECT_EQ(classes.features[1], (FeatureType{.name = "weight"}));
  const ModelInfo imported = info_of("version_2_imported");
  EXPECT_EQ(imported.origin, "treelite");
  EXPECT_EQ(imported.task, ModelTask::classification);
  EXPECT_EQ(imported.postprocessor.kind, PostprocessorKind::identity);
}

// Writes files of the version of today, with their data and predictions, into a folder. Those that are kept stay as
// they are.
TEST(GoldenModelsTest, WriteByHand) {
  const char* const folder = std::getenv("WASM_ML_WRITE_MODELS");
  if (folder == nullptr) GTEST_SKIP() << "writes files into the folder WASM_ML_WRITE_MODELS";
  const auto path = [&](const std::string& name) { return std::string(folder) + "/" + name; };
  const auto write = [&](const std::string& name, const std::string& data) {
    const std::string csv = predictions_of(ModelFile::open(path(name + ".model")).value(), data);
    EXPECT_TRUE(write_file(path(name + "_predictions.csv"), csv));
  };
  const std::string version = "version_" + std::to_string(kModelVersion);

  const auto diabetes = load_training_set(WASM_ML_DATA_DIR "/diabetes_train.csv", "", Task::automatic).value();
  const Model regression = train_forest(diabetes, {.n_trees = 10, .max_depth = 5}).value().model;
  ASSERT_TRUE(save_model(path(version + "_regression.model"), regression));
  write(version + "_regression", kDiabetes);

  std::mt19937 random(1);
  std::string fruits = "color,weight,fruit\n";
  for (int row = 0; row < 60; ++row) {
    const std::vector<std::string> colors = {"red", "grün", "blue", ""};
    const std::size_t kind = random() % 3;
    fruits += colors[random() % 4 == 0 ? random() % 4 : kind] + ",";
    fruits += (random() % 8 == 0 ? "" : std::to_string(100 - 40 * kind + random() % 50)) + ",";
    fruits += std::vector<std::string>{"apple", "pear", "\"plum, small\""}[kind] + "\n";
  }
  ASSERT_TRUE(write_file(path("fruits.csv"), fruits));
  const auto set = load_training_set(path("fruits.csv"), "", Task::automatic).value();
  const Model classes = train_forest(set, {.n_trees = 10, .max_depth = 5, .max_features = 1}).value().model;
  ASSERT_TRUE(save_model(path(version + "_classes.model"), classes));
  write(version + "_classes", path("fruits.csv"));

  ASSERT_TRUE(run(ImportCommand{.treelite = WASM_ML_TREELITE_DIR "/sklearn_rf_classes.treelite",
                                .model = path(version + "_imported.model"),
                                .features = "a,b,c,d"}));
  std::string rows = "a,b,c,d";
  for (int i = 0; i < 200; ++i) {
    rows += i % 4 == 0 ? "\n" : ",";
    rows += random() % 9 == 0 ? "NA" : std::to_string(static_cast<int>(random() % 9) - 4);
  }
  ASSERT_TRUE(write_file(path("imported_rows.csv"), rows + "\n"));
  write(version + "_imported", path("imported_rows.csv"));
}

}  // namespace
}  // namespace wasm_ml
