#include "training.hpp"

#include <limits>
#include <utility>

#include "random.hpp"
#include "split_search.hpp"
#include "text.hpp"
#include "tree_grower.hpp"

namespace wasm_ml {

Result<Forest> train_forest(const TrainingSet& set, const ForestParams& params, const TrainingProgress& progress) {
  if (params.max_features > set.n_features()) {
    return fail_usage(format("option '--max-features': %lu is more than the %lu features of the data",
                             static_cast<unsigned long>(params.max_features),
                             static_cast<unsigned long>(set.n_features())));
  }
  auto search = SplitSearch::create(set);
  if (!search) return std::unexpected(std::move(search.error()));
  Forest forest{.params = params,
                .n_train_rows = set.n_rows,
                .target_name = set.target_name,
                .feature_names = set.feature_names,
                .tree_offsets = {},
                .nodes = {}};
  TreeGrower grower(set, forest.params, *search);
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
  forest.depth = *depth;
  return forest;
}

}  // namespace wasm_ml
