// model.create: what the engine takes for granted of a forest that was made elsewhere.
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "wasi_gpu/forest_calls.hpp"
#include "wasi_gpu/forest_sources.hpp"

namespace gpu_host::wasi_gpu {
namespace {

constexpr std::uint32_t kMostOutputs = 1U << 16U;
constexpr std::uint64_t kMostNodes = std::uint64_t{1} << 31U;

void require_outputs(Arguments& arguments, const ModelParams& params) {
  const bool has_classes = params.leaves == LeafKind::classes;
  const std::uint32_t least = has_classes ? 2 : 1;
  const std::uint32_t most = has_classes ? forest::kMostClasses : kMostOutputs;
  arguments.require(params.n_outputs >= least && params.n_outputs <= most,
                    [&] { return fmt::format("n-outputs: {} is not from {} to {}", params.n_outputs, least, most); });
  arguments.require(params.average || !has_classes, [] { return "average: of classes it is the mean"; });
  arguments.require(params.base.empty() || !has_classes, [] { return "base: nothing is added to probabilities"; });
  arguments.require(params.base.empty() || params.base.size() == params.n_outputs, [&] {
    return fmt::format("base: {} numbers, there are {} outputs", params.base.size(), params.n_outputs);
  });
  for (std::size_t i = 0; i < params.base.size() && arguments; ++i) {
    arguments.require(std::isfinite(params.base[i]),
                      [&] { return fmt::format("base[{}]: {} is not finite", i, params.base[i]); });
  }
}

void require_trees(Arguments& arguments, const std::vector<std::uint64_t>& offsets) {
  arguments.require(offsets.size() >= 2 && offsets.size() - 1 <= kMostNodes, [&] {
    return fmt::format("tree-offsets: {} are not those of 1 to {} trees and their end", offsets.size(), kMostNodes);
  });
  arguments.require(!arguments || offsets[0] == 0,
                    [&] { return fmt::format("tree-offsets: tree 0 begins at node {}", offsets[0]); });
  for (std::size_t tree = 0; tree + 1 < offsets.size() && arguments; ++tree) {
    const std::uint64_t begin = offsets[tree];
    const std::uint64_t end = offsets[tree + 1];
    arguments.require(end > begin && (end - begin) % 2 == 1, [&] {
      return fmt::format("tree-offsets: tree {}: from {} to {} are not an odd number of nodes", tree, begin, end);
    });
    arguments.require(end <= kMostNodes, [&] {
      return fmt::format("tree-offsets: tree {}: {} nodes are more than {}", tree, end, kMostNodes);
    });
  }
}

void require_tree_outputs(Arguments& arguments, const ModelParams& params) {
  const std::vector<std::uint32_t>& outputs = params.tree_outputs;
  const bool has_numbers = params.leaves == LeafKind::number;
  const std::size_t n_trees = params.tree_offsets.size() - 1;
  arguments.require(has_numbers || outputs.empty(), [] { return "tree-outputs: each leaf has all outputs"; });
  arguments.require(!has_numbers || !outputs.empty() || params.n_outputs == 1,
                    [&] { return fmt::format("tree-outputs: none, there are {} outputs", params.n_outputs); });
  arguments.require(outputs.empty() || outputs.size() == n_trees,
                    [&] { return fmt::format("tree-outputs: {}, there are {} trees", outputs.size(), n_trees); });
  for (std::size_t tree = 0; tree < outputs.size() && arguments; ++tree) {
    arguments.require(outputs[tree] < params.n_outputs, [&] {
      return fmt::format("tree-outputs: tree {}: {} is not one of {} outputs", tree, outputs[tree], params.n_outputs);
    });
  }
}

const Buffer* leaf_values(Arguments& arguments, const ModelParams& params, std::uint64_t n_leaves) {
  const bool has_numbers = params.leaves == LeafKind::number;
  arguments.require(!has_numbers || !params.leaf_values, [] { return "leaf-values: numbers are in their nodes"; });
  arguments.require(has_numbers || params.leaf_values,
                    [] { return "leaf-values: needed where leaves hold classes or vectors"; });
  if (!arguments || has_numbers) return nullptr;
  const Buffer* const buffer = arguments.buffer(params.leaf_values->buffer, "leaf-values");
  arguments.range(buffer, "leaf-values", params.leaf_values->offset,
                  saturating_product({n_leaves, params.n_outputs, sizeof(float)}));
  return buffer;
}

}  // namespace

GpuResult<ResourceHandle> model_create(Session& session, ModelParams params) {
  Arguments arguments(session);
  arguments.require(params.n_features >= 1 && params.n_features <= kMostFeatures, [&] {
    return fmt::format("n-features: {} is not from 1 to {}", params.n_features, kMostFeatures);
  });
  require_outputs(arguments, params);
  require_trees(arguments, params.tree_offsets);
  if (!arguments) return arguments.error();
  require_tree_outputs(arguments, params);
  const std::uint64_t n_nodes = params.tree_offsets.back();
  const std::uint64_t n_trees = params.tree_offsets.size() - 1;
  const Buffer* const nodes = arguments.buffer(params.nodes, "nodes");
  arguments.range(nodes, "nodes", params.nodes_offset, n_nodes * sizeof(ForestNode));
  const Buffer* const values = leaf_values(arguments, params, (n_nodes + n_trees) / 2);
  if (!arguments) return arguments.error();

  ForestEngine* const engine = arguments.stream().forests();
  if (engine == nullptr) return no_forests();
  const auto charged =
      charge(session, bytes_of(params.base) + bytes_of(params.tree_offsets) + bytes_of(params.tree_outputs));
  if (!charged) return std::unexpected(charged.error());
  const ForestModelParams checked{.n_features = params.n_features,
                                  .leaves = params.leaves,
                                  .n_outputs = params.n_outputs,
                                  .average = params.average,
                                  .base = std::move(params.base),
                                  .tree_offsets = std::move(params.tree_offsets),
                                  .tree_outputs = std::move(params.tree_outputs),
                                  .nodes = nodes,
                                  .nodes_offset = params.nodes_offset,
                                  .leaf_values = values,
                                  .leaf_values_offset = params.leaf_values ? params.leaf_values->offset : 0};
  auto model = perform(arguments.stream(), "[static]model.create",
                       [&] { return engine->create_model(checked, session.buffers().memory()); });
  if (!model) return std::unexpected(std::move(model.error()));
  return session.resources().insert(ModelResource{*std::move(model)});
}

}  // namespace gpu_host::wasi_gpu
