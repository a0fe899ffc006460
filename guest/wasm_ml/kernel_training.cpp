#include "kernel_training.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "random.hpp"
#include "split_search.hpp"
#include "text.hpp"
#include "tree_grower.hpp"

namespace wasm_ml {
namespace {

// The scores of splits are sums of squared deviations in 32-bit floats: where
// those overflow, no split could be told from another.
Result<void> check_spread(const TrainingSet& set) {
  const auto [low, high] = std::ranges::minmax(set.targets);
  const double spread = double{high} - double{low};
  if (spread * spread * set.n_rows <= double{std::numeric_limits<float>::max()}) return {};
  return fail("column " + quoted(set.target_name) +
              format(": values from %g to %g are too far apart for the 0.1.0 kernels; scale them down", double{low},
                     double{high}));
}

}  // namespace

Result<void> check_kernels_can(const TrainingSet& set, const ForestParams& params) {
  constexpr ForestParams kDefaults;
  struct Asked {
    bool is;
    const char* option;
  };
  const std::array<Asked, 5> asked = {
      {{params.min_impurity_decrease != kDefaults.min_impurity_decrease, "--min-impurity-decrease"},
       {params.bootstrap != kDefaults.bootstrap, "--no-bootstrap"},
       {params.max_samples != kDefaults.max_samples, "--max-samples"},
       {params.max_bins != kDefaults.max_bins, "--max-bins"},
       {params.oob_score != kDefaults.oob_score, "--oob-score"}}};
  const auto first = std::ranges::find_if(asked, &Asked::is);
  const auto too_much = [](const std::string& what) { return fail(what + " more than the 0.1.0 kernels can do"); };
  if (first != asked.end()) return too_much(format("option '%s' is", first->option));
  if (!set.classes.empty()) return too_much("column " + quoted(set.target_name) + ": classes are");
  const auto missing = std::ranges::find_if(set.features, [](float value) { return std::isnan(value); });
  if (missing != set.features.end()) {
    const auto feature = static_cast<std::size_t>(missing - set.features.begin()) % set.n_features();
    return too_much("column " + quoted(set.feature_types[feature].name) + ": missing values are");
  }
  return {};
}

Result<Trained> train_by_kernels(const TrainingSet& set, const ForestParams& params,
                                 const std::function<void(std::uint32_t n_done)>& progress) {
  if (auto checked = check_spread(set); !checked) return std::unexpected(std::move(checked.error()));
  auto search = SplitSearch::create(set);
  if (!search) return std::unexpected(std::move(search.error()));
  Forest forest{.params = params, .feature_names = set.feature_names()};
  TreeGrower grower(set, params, *search);
  for (std::uint32_t tree = 0; tree < params.n_trees; ++tree) {
    forest.tree_offsets.push_back(static_cast<std::uint32_t>(forest.nodes.size()));
    if (auto grown = grower.grow(tree_seed(params.seed, tree), forest.nodes); !grown) {
      return std::unexpected(std::move(grown.error()));
    }
    if (forest.nodes.size() > std::numeric_limits<std::uint32_t>::max()) return fail("the forest has too many nodes");
    if (progress) progress(tree + 1);
  }
  auto depth = check_structure(forest);
  if (!depth) return fail("training failed: " + depth.error().message);
  return Trained{.model = {.info = model_info(set, params), .packed = pack_trees(forest)}};
}

}  // namespace wasm_ml
