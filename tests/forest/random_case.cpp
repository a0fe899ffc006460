#include "forest/random_case.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace gpu_host::forest_test {
namespace {

std::vector<float> column(Dice& dice, std::uint32_t n_rows) {
  const std::uint32_t kind = dice.number(0, 5);
  const std::uint32_t most = dice.number(1, 40);
  const double missing = dice.one_in(3) ? dice.fraction() : 0;
  std::vector<float> values(n_rows);
  for (float& value : values) {
    const double random = dice.fraction();
    switch (kind) {
      case 0:
        value = static_cast<float>(random);
        break;
      case 1:
        value = static_cast<float>(dice.number(0, most));
        break;
      case 2:
        value = static_cast<float>(std::exp(random * 30 - 10));
        break;
      case 3:
        value = static_cast<float>(random < 0.95 ? -0.0 : random);
        break;
      case 4:
        value = dice.one_in(2) ? 0.0F : 1.0F;
        break;
      default:
        value = static_cast<float>(-random * random * 1e6);
    }
    if (dice.fraction() < missing) value = std::numeric_limits<float>::quiet_NaN();
  }
  return values;
}

double target(Dice& dice, std::uint32_t kind, std::uint32_t n_classes, float feature) {
  if (n_classes > 0) {
    if (!dice.one_in(4)) return dice.number(0, n_classes - 1);
    return std::isnan(feature) ? 0 : static_cast<double>(static_cast<std::int64_t>(std::abs(feature) * 3) % n_classes);
  }
  switch (kind) {
    case 0:
      return dice.fraction();
    case 1:
      return dice.number(0, 5);
    case 2:
      return std::exp(dice.fraction() * 20);  // a heavy tail
    default:
      return 7;
  }
}

std::vector<double> weights(Dice& dice, std::uint32_t n_rows, double most) {
  std::vector<double> weights(n_rows);
  for (double& weight : weights) weight = dice.one_in(4) ? 0 : dice.fraction() * most;
  weights[0] = most;
  return weights;
}

}  // namespace

Case random_case(std::uint32_t seed) {
  Dice dice(seed);
  Case random;
  auto& [data, parameters] = random;
  const std::uint32_t n_rows = dice.one_in(3) ? dice.number(1, 12) : dice.number(13, dice.one_in(30) ? 4000 : 400);
  const std::uint32_t n_features = dice.number(1, 7);
  parameters.seed = dice.word();
  parameters.n_trees = dice.number(1, 3);
  parameters.n_classes = dice.one_in(2) ? 0 : dice.number(2, 5);
  parameters.max_bins = dice.one_in(2) ? 255 : dice.number(1, 20);
  parameters.fine = !dice.one_in(5);
  if (dice.one_in(2)) parameters.max_features = dice.number(1, n_features) % n_features;
  if (dice.one_in(3)) parameters.max_depth = dice.number(0, 6);
  if (dice.one_in(3)) parameters.min_samples_split = dice.number(2, 30);
  if (dice.one_in(3)) parameters.min_samples_leaf = dice.number(1, 9);
  if (dice.one_in(6)) parameters.min_weight_fraction_leaf = dice.fraction() * dice.fraction() / 2;
  const double scale = parameters.n_classes > 0 ? 0.05 : 3;
  if (dice.one_in(4)) parameters.min_impurity_decrease = dice.fraction() * dice.fraction() * scale;
  if (!dice.one_in(3)) parameters.n_draws = dice.one_in(3) ? dice.number(1, 2 * n_rows) : n_rows;
  for (std::uint32_t i = 0; i < n_features; ++i) data.columns.push_back(column(dice, n_rows));
  const std::uint32_t kind = dice.number(0, 3);
  for (std::uint32_t row = 0; row < n_rows; ++row) {
    data.targets.push_back(target(dice, kind, parameters.n_classes, data.columns[0][row]));
  }
  if (dice.one_in(4)) data.draw_weights = weights(dice, n_rows, 1);
  if (parameters.n_classes > 0 && dice.one_in(5)) {
    parameters.balanced_subsample = true;
  } else if (!parameters.n_draws && dice.one_in(2)) {
    data.criterion_weights = weights(dice, n_rows, 100);
  }
  return random;
}

cpu::DataSet data_set(const Case& one, cpu::Workers& workers) {
  const auto& [data, parameters] = one;
  std::vector<std::uint32_t> classes;
  if (parameters.n_classes > 0) classes.assign(data.targets.begin(), data.targets.end());
  cpu::DataSetSource rows;
  rows.n_rows = one.n_rows();
  rows.n_features = static_cast<std::uint32_t>(data.columns.size());
  rows.n_classes = parameters.n_classes;
  rows.values = [&data](std::uint32_t feature, std::size_t begin, std::size_t end, float* to) {
    std::copy_n(data.columns[feature].begin() + static_cast<std::ptrdiff_t>(begin), end - begin, to);
  };
  rows.targets = data.targets;
  rows.classes = classes;
  rows.draw_weights = data.draw_weights;
  rows.criterion_weights = data.criterion_weights;
  rows.max_bins = parameters.max_bins;
  rows.fine = parameters.fine;
  rows.seed = parameters.seed;
  return {rows, workers};
}

forest::Parameters of_engine(const forest_reference::Parameters& parameters) {
  forest::Parameters same;
  same.seed = parameters.seed;
  same.n_trees = parameters.n_trees;
  same.max_features = parameters.max_features;
  same.max_depth = parameters.max_depth;
  same.min_samples_split = parameters.min_samples_split;
  same.min_samples_leaf = parameters.min_samples_leaf;
  same.min_weight_fraction_leaf = parameters.min_weight_fraction_leaf;
  same.min_impurity_decrease = parameters.min_impurity_decrease;
  same.n_draws = parameters.n_draws;
  same.balanced_subsample = parameters.balanced_subsample;
  return same;
}

}  // namespace gpu_host::forest_test
