// Models that treelite/make_models.py had other libraries train, with inputs and what GTIL, Treelite's own predictor,
// makes of them.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "byte_reader.hpp"
#include "portable_forest_predictor.hpp"
#include "treelite.hpp"

namespace wasm_ml {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Model {
  PortableForest forest;
  bool is_f32 = false;
};

Result<Model> read_model(const std::filesystem::path& path) {
  const std::string bytes = contents(path);
  auto forest = read_treelite(std::as_bytes(std::span(bytes)));
  if (!forest) return std::unexpected(std::move(forest.error()));
  return Model{.forest = std::move(*forest), .is_f32 = bytes[12] == 2};
}

struct Predictions {
  std::uint32_t n_rows = 0;
  std::uint32_t n_features = 0;
  std::uint32_t n_outputs = 0;
  std::vector<float> inputs;
  std::vector<double> raw;
  std::vector<double> processed;

  [[nodiscard]] std::span<const float> row(std::uint32_t i) const {
    return std::span(inputs).subspan(std::size_t{i} * n_features, n_features);
  }
};

Predictions read_predictions(const std::filesystem::path& path) {
  const std::string bytes = contents(path);
  ByteReader reader(bytes);
  Predictions of;
  EXPECT_TRUE(reader.read(of.n_rows) && reader.read(of.n_features) && reader.read(of.n_outputs));
  const std::uint64_t n_numbers = std::uint64_t{of.n_rows} * of.n_outputs;
  EXPECT_TRUE(reader.read_array(of.inputs, std::uint64_t{of.n_rows} * of.n_features));
  EXPECT_TRUE(reader.read_array(of.raw, n_numbers) && reader.read_array(of.processed, n_numbers));
  EXPECT_EQ(reader.remaining(), 0U);
  return of;
}

struct Difference {
  double worst = 0;
  int n_above = 0;  // 1e-6

  void add(double prediction, double expected, double scale) {
    if (prediction == expected) return;
    const double tiny = std::numeric_limits<float>::min();
    const double difference = std::abs(prediction - expected) / std::max(scale, tiny);
    worst = std::max(worst, std::isfinite(difference) ? difference : std::numeric_limits<double>::infinity());
    if (!(difference <= 1e-6)) ++n_above;
  }
};

struct Comparison {
  std::size_t n_numbers = 0;
  Difference raw;
  Difference raw_to_sums;  // relative to the sum of the leaves' absolute values
  Difference raw_as_gtil;  // added up in the model's own type, as GTIL does
  Difference processed;
};

// `is_f32`: what the model's numbers are.
Comparison compare(const PortableForest& forest, const Predictions& gtil, bool is_f32) {
  EXPECT_EQ(forest.n_features, gtil.n_features);
  EXPECT_EQ(forest.n_outputs, gtil.n_outputs);
  Comparison comparison;
  comparison.n_numbers = gtil.raw.size();
  if (forest.n_features != gtil.n_features || forest.n_outputs != gtil.n_outputs) return comparison;
  const PortableForestPredictor predictor(forest);
  for (std::uint32_t row = 0; row < gtil.n_rows; ++row) {
    const std::vector<double> raw = predictor.raw(gtil.row(row));
    const std::vector<double> as_gtil = is_f32 ? predictor.raw<float>(gtil.row(row)) : raw;
    const std::vector<double> magnitudes = predictor.magnitudes(gtil.row(row));
    const std::vector<double> processed = predictor.predict(gtil.row(row));
    for (std::uint32_t output = 0; output < gtil.n_outputs; ++output) {
      const std::size_t i = std::size_t{row} * gtil.n_outputs + output;
      comparison.raw.add(raw[output], gtil.raw[i], std::abs(gtil.raw[i]));
      comparison.raw_to_sums.add(raw[output], gtil.raw[i], magnitudes[output]);
      comparison.raw_as_gtil.add(as_gtil[output], gtil.raw[i], std::abs(gtil.raw[i]));
      comparison.processed.add(processed[output], gtil.processed[i], std::abs(gtil.processed[i]));
    }
  }
  return comparison;
}

std::vector<std::filesystem::path> models_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> models;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".treelite") models.push_back(entry.path());
  }
  std::ranges::sort(models);
  return models;
}

std::filesystem::path predictions_of(std::filesystem::path model) { return model.replace_extension(".predictions"); }

void expect_as_gtil(const PortableForest& forest, const std::filesystem::path& path, bool is_f32) {
  const Comparison comparison = compare(forest, read_predictions(predictions_of(path)), is_f32);
  EXPECT_LE(comparison.raw.worst, 1e-6) << path;
  EXPECT_LE(comparison.processed.worst, 1e-6) << path;
  // Leaf values of f32 models are not rounded.
  EXPECT_LE(comparison.raw_as_gtil.worst, is_f32 ? 0 : 1e-6) << path;
}

TEST(TreeliteGtilTest, PredictsTheSame) {
  const auto models = models_in(WASM_ML_TREELITE_DIR);
  EXPECT_GT(models.size(), 20U);
  for (const auto& path : models) {
    const auto model = read_model(path);
    ASSERT_TRUE(model) << path << ": " << model.error().message;
    expect_as_gtil(model->forest, path, model->is_f32);
  }
}

TEST(TreeliteGtilTest, WrittenAgainItPredictsTheSame) {
  for (const auto& path : models_in(WASM_ML_TREELITE_DIR)) {
    const auto model = read_model(path);
    ASSERT_TRUE(model) << path;
    const auto again = read_treelite(write_treelite(model->forest));
    ASSERT_TRUE(again) << path << ": " << again.error().message;
    expect_as_gtil(*again, path, model->is_f32);
  }
}

// For treelite/compare.py: prints how models in a folder compare, and writes each as it is exported.
TEST(TreeliteGtilTest, ByHand) {
  const char* const folder = std::getenv("WASM_ML_TREELITE_MODELS");
  if (folder == nullptr) GTEST_SKIP() << "treelite/compare.py runs it";
  for (const auto& path : models_in(folder)) {
    const auto model = read_model(path);
    if (!model) {
      std::printf("%s error %s\n", path.stem().c_str(), model.error().message.c_str());
      continue;
    }
    const Comparison of = compare(model->forest, read_predictions(predictions_of(path)), model->is_f32);
    std::printf("%s numbers %zu", path.stem().c_str(), of.n_numbers);
    for (const Difference& difference : {of.raw, of.raw_to_sums, of.raw_as_gtil, of.processed}) {
      std::printf(" %.3g %d", difference.worst, difference.n_above);
    }
    std::printf("\n");
    const std::vector<std::byte> exported = write_treelite(model->forest);
    std::filesystem::path to = path;
    std::ofstream(to.replace_extension(".exported"), std::ios::binary)
        .write(reinterpret_cast<const char*>(exported.data()), static_cast<std::streamsize>(exported.size()));
  }
}

}  // namespace
}  // namespace wasm_ml
