#include "backend/cpu/forest/forest_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "backend/cpu/cpu_buffer.hpp"
#include "backend/cpu/forest/packing.hpp"
#include "backend/cpu/forest/predict.hpp"
#include "forest/model.hpp"

namespace gpu_host::cpu {
namespace {

std::byte* bytes_of(Buffer& buffer, std::uint64_t offset) { return static_cast<CpuBuffer&>(buffer).bytes() + offset; }

constexpr std::size_t kElementsAtOnce = 1 << 15;

ForestShape shape_of(const TreesShape& shape) {
  return {.n_trees = shape.n_trees(),
          .n_features = shape.n_features,
          .leaves = shape.leaves,
          .n_outputs = shape.n_outputs,
          .n_nodes = shape.n_nodes(),
          .n_leaves = shape.n_leaves(),
          .has_weights = shape.has_weights,
          .has_leaf_targets = shape.has_leaf_targets,
          .numerics = forest::kNumericsVersion};
}

}  // namespace

CpuForestModel::CpuForestModel(ModelTrees trees, std::optional<Growth> growth, MemoryCharge charge, Workers& workers)
    : charge_(std::move(charge)),
      trees_(std::move(trees)),
      may_be_ranked_(RankedTrees::suits(trees_.shape)),
      growth_(std::move(growth)),
      workers_(workers),
      shape_(shape_of(trees_.shape)) {}

GpuResult<void> CpuForestModel::write_nodes(std::uint64_t first, std::uint64_t n_nodes, Buffer& output,
                                            std::uint64_t offset) {
  if (n_nodes == 0) return {};
  std::byte* const to = bytes_of(output, offset);
  const bool is_number = shape_.leaves == LeafKind::number;
  const std::vector<std::uint64_t>& offsets = trees_.shape.offsets;
  const auto tree_of = [&](std::uint64_t node) {
    return static_cast<std::size_t>(std::ranges::upper_bound(offsets, node) - offsets.begin()) - 1;
  };
  const std::size_t first_tree = tree_of(first);
  const bool done = trees_.nodes.visit([&](const auto& nodes) {
    return workers_.for_each(tree_of(first + n_nodes - 1) + 1 - first_tree, [&](std::size_t t) {
      const std::size_t tree = first_tree + t;
      Poll poll = workers_.poll();
      std::vector<std::uint32_t> weights;
      if (shape_.has_weights) weights = node_weights(trees_, tree, poll).value();
      const std::uint64_t end = std::min(offsets[tree + 1], first + n_nodes);
      for (std::uint64_t at = std::max(offsets[tree], first); at < end && !poll.stop(); ++at) {
        const WalkNode node = nodes[at];
        const std::uint32_t weight = shape_.has_weights ? weights[at - offsets[tree]] : 0;
        ForestNode written{-1, is_number ? std::bit_cast<float>(node.value) : 0, 0, 0, weight};
        if (node.feature != shape_.n_features) {
          written = {static_cast<std::int32_t>(node.feature), from_ordered_bits(node.value), node.child,
                     node.child + (node.missing_left ? 0 : 1), weight};
        }
        std::memcpy(to + (at - first) * sizeof(written), &written, sizeof(written));
      }
    });
  });
  if (!done) return interrupted();
  return {};
}

GpuResult<void> CpuForestModel::write_leaf_values(std::uint64_t first, std::uint64_t n_leaves, Buffer& output,
                                                  std::uint64_t offset) {
  std::byte* const to = bytes_of(output, offset);
  const void* const from = shape_.leaves == LeafKind::classes ? static_cast<const void*>(trees_.leaf_classes.get())
                                                              : trees_.leaf_values.get();
  const std::uint64_t bytes = leaf_bytes(shape_);
  const bool done = workers_.for_blocks(
      n_leaves, std::max<std::size_t>(1, kElementsAtOnce / shape_.n_outputs), [&](std::size_t begin, std::size_t end) {
        std::memcpy(to + begin * bytes, static_cast<const std::byte*>(from) + (first + begin) * bytes,
                    (end - begin) * bytes);
      });
  if (!done) return interrupted();
  return {};
}

GpuResult<void> CpuForestModel::write_out_of_bag(Buffer& output, std::uint64_t offset) {
  std::byte* const to = bytes_of(output, offset);
  const std::size_t per_row = shape_.n_outputs;
  const OutOfBag& all = *growth_->out_of_bag;
  const bool done = workers_.for_blocks(growth_->n_rows, kElementsAtOnce / per_row, [&](auto begin, auto end) {
    for (std::size_t i = begin * per_row; i < end * per_row; ++i) {
      const std::uint32_t count = all.counts[i / per_row];
      const double mean = count == 0 ? std::numeric_limits<double>::quiet_NaN() : all.sums[i] / count;
      std::memcpy(to + i * sizeof(mean), &mean, sizeof(mean));
    }
  });
  if (!done) return interrupted();
  return {};
}

// The trees for a batch of so many rows, or nothing: without them it only takes longer. So they take little of what the
// quota has left: nobody misses it.
const RankedTrees* CpuForestModel::ranked_for(std::uint32_t n_rows) {
  constexpr std::uint64_t kLeastShare = 16;
  if (!may_be_ranked_) return ranked_.get();
  if (n_rows < kFewRows || n_rows / workers_.threads() < RankedTrees::least_rows(trees_.shape)) return nullptr;
  n_batch_rows_ += n_rows;
  if (n_batch_rows_ < RankedTrees::worth_rows(trees_.shape)) return nullptr;
  const std::uint64_t charged = charge_.bytes();
  const std::uint64_t bytes = RankedTrees::bytes(trees_.shape);
  if (bytes <= charge_.left() / kLeastShare && charge_.set(charged + bytes)) {
    try {
      ranked_ = RankedTrees::make(trees_, workers_);
    } catch (const std::bad_alloc&) {
      ranked_.reset();
    }
    if (!ranked_) charge_.lower_to(charged);
  }
  may_be_ranked_ = false;
  return ranked_.get();
}

GpuResult<void> CpuForestModel::predict(const ForestTable& rows, ForestPrediction what, Buffer& output,
                                        std::uint64_t offset) {
  if (!cpu::predict(trees_, ranked_for(rows.n_rows), rows, what, bytes_of(output, offset), workers_)) {
    return interrupted();
  }
  return {};
}

GpuResult<void> CpuForestModel::quantiles(const ForestTable& rows, std::span<const double> quantiles, Buffer& output,
                                          std::uint64_t offset) {
  if (!predict_quantiles(trees_, ranked_for(rows.n_rows), rows, quantiles, bytes_of(output, offset), workers_)) {
    return interrupted();
  }
  return {};
}

GpuResult<std::uint64_t> CpuForestModel::packed_size(PackedParts parts) { return layout_of(trees_, parts).size; }

GpuResult<void> CpuForestModel::pack(PackedParts parts, Buffer& output, std::uint64_t offset) {
  const forest::PackedLayout layout = layout_of(trees_, parts);
  if (offset > output.size() || layout.size > output.size() - offset) {
    return gpu_error(
        GpuErrorCode::invalid_params,
        fmt::format("output: {} bytes at offset {} exceed the {} of the buffer", layout.size, offset, output.size()));
  }
  cpu::pack(trees_, layout, {bytes_of(output, offset), static_cast<std::size_t>(layout.size)}, workers_);
  if (workers_.stop()) return interrupted();
  return {};
}

}  // namespace gpu_host::cpu
