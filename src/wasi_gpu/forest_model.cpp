#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "wasi_gpu/forest_calls.hpp"
#include "wasi_gpu/forest_sources.hpp"

namespace gpu_host::wasi_gpu {
namespace {

constexpr std::uint64_t kPredictionBytes = 4;  // of each element
constexpr std::uint32_t kWeights = 1U << 0U;
constexpr std::uint32_t kLeafTargets = 1U << 1U;

ForestModel* model_of(Arguments& arguments, Session& session, ResourceHandle self) {
  const auto* const found = resource<ModelResource>(arguments, session, self, "self");
  return found == nullptr ? nullptr : found->model.get();
}

// Of the model's part that is written to a buffer.
struct Part {
  std::string_view of;  // what
  std::uint64_t first;
  std::uint64_t n;
  std::uint64_t all;
  std::uint64_t element;  // bytes
};

// All bytes of it, which the call may write.
Buffer* output_of(Arguments& arguments, BufferId output, std::uint64_t offset, std::uint64_t size) {
  Buffer* const buffer = arguments.buffer(output, "output");
  arguments.range(buffer, "output", offset, size);
  arguments.writable(buffer, "output");
  return arguments ? buffer : nullptr;
}

Buffer* output_of(Arguments& arguments, BufferId output, std::uint64_t offset, const Part& part) {
  arguments.require(part.first <= part.all && part.n <= part.all - part.first, [&] {
    return fmt::format("first: {} {} from number {} on are not in the model's {}", part.n, part.of, part.first,
                       part.all);
  });
  return output_of(arguments, output, offset, saturating_product({part.n, part.element}));
}

// For so many elements of each row; not into what is read.
Buffer* output_of(Arguments& arguments, BufferId output, std::uint64_t offset, const ForestTable& rows,
                  std::uint64_t elements) {
  Buffer* const buffer =
      output_of(arguments, output, offset, saturating_product({rows.n_rows, elements, kPredictionBytes}));
  for (const ForestColumns& block : rows.features) {
    arguments.require(block.buffer != buffer,
                      [&] { return fmt::format("output: buffer {} is an input of the same call", output); });
  }
  return arguments ? buffer : nullptr;
}

ForestTable table_of(Arguments& arguments, Session& session, const Table& rows, const ForestModel* model) {
  if (model == nullptr) return {};
  arguments.require(rows.n_rows <= kMostRows,
                    [&] { return fmt::format("n-rows: {} is not from 0 to {}", rows.n_rows, kMostRows); });
  const std::uint64_t n_features = count_columns(rows.features);
  arguments.require(n_features == model->shape().n_features, [&] {
    return fmt::format("features: {}, the model has {}", n_features, model->shape().n_features);
  });
  return {rows.n_rows, features(arguments, session, rows.features, rows.n_rows)};
}

PackedParts parts_of(Arguments& arguments, PartFlags flags, const ForestModel* model) {
  if (model == nullptr) return {};
  const auto bits = static_cast<std::uint32_t>(flags);
  const std::uint32_t unknown = bits & ~(kWeights | kLeafTargets);
  const PackedParts parts{.weights = (bits & kWeights) != 0, .leaf_targets = (bits & kLeafTargets) != 0};
  const ForestShape& shape = model->shape();
  arguments.require(unknown == 0, [&] { return fmt::format("parts: unknown bits {:#x}", unknown); });
  arguments.require(!parts.weights || shape.has_weights, [] { return "parts: the model has no weights"; });
  arguments.require(!parts.leaf_targets || shape.has_leaf_targets,
                    [] { return "parts: the model has no leaf-targets"; });
  return parts;
}

}  // namespace

GpuResult<ResourceHandle> model_unpack(Session& session, BufferId from, std::uint64_t offset, std::uint64_t size) {
  Arguments arguments(session);
  const Buffer* const buffer = arguments.buffer(from, "from");
  arguments.range(buffer, "from", offset, size);
  if (!arguments) return arguments.error();
  ForestEngine* const engine = arguments.stream().forests();
  if (engine == nullptr) return no_forests();
  auto model = perform(arguments.stream(), "[static]model.unpack",
                       [&] { return engine->unpack(*buffer, offset, size, session.buffers().memory()); });
  if (!model) return std::unexpected(std::move(model.error()));
  return session.resources().insert(ModelResource{*std::move(model)});
}

GpuResult<std::uint64_t> model_packed_size(Session& session, ResourceHandle self, PartFlags parts) {
  Arguments arguments(session);
  ForestModel* const model = model_of(arguments, session, self);
  const PackedParts kept = parts_of(arguments, parts, model);
  if (!arguments) return arguments.error();
  return perform(arguments.stream(), "[method]model.packed-size", [&] { return model->packed_size(kept); });
}

GpuResult<void> model_pack(Session& session, ResourceHandle self, PartFlags parts, BufferId output,
                           std::uint64_t offset) {
  Arguments arguments(session);
  ForestModel* const model = model_of(arguments, session, self);
  const PackedParts kept = parts_of(arguments, parts, model);
  Buffer* const buffer = output_of(arguments, output, offset, 0);
  if (!arguments) return arguments.error();
  return perform(arguments.stream(), "[method]model.pack", [&] { return model->pack(kept, *buffer, offset); });
}

GpuResult<void> model_predict(Session& session, ResourceHandle self, const Table& rows, ForestPrediction what,
                              BufferId output, std::uint64_t offset) {
  Arguments arguments(session);
  ForestModel* const model = model_of(arguments, session, self);
  const ForestTable table = table_of(arguments, session, rows, model);
  if (!arguments) return arguments.error();
  Buffer* const buffer = output_of(arguments, output, offset, table, prediction_elements(model->shape(), what));
  if (!arguments) return arguments.error();
  return perform(arguments.stream(), "[method]model.predict",
                 [&] { return model->predict(table, what, *buffer, offset); });
}

GpuResult<void> model_quantiles(Session& session, ResourceHandle self, const Table& rows,
                                const std::vector<double>& quantiles, BufferId output, std::uint64_t offset) {
  Arguments arguments(session);
  ForestModel* const model = model_of(arguments, session, self);
  if (model != nullptr) {
    arguments.require(model->shape().has_leaf_targets, [] { return "self: the model has no leaf-targets"; });
  }
  const ForestTable table = table_of(arguments, session, rows, model);
  for (std::size_t i = 0; i < quantiles.size() && arguments; ++i) {
    arguments.require(quantiles[i] >= 0 && quantiles[i] <= 1,
                      [&] { return fmt::format("quantiles[{}]: {} is not from 0 to 1", i, quantiles[i]); });
  }
  Buffer* const buffer = output_of(arguments, output, offset, table, quantiles.size());
  if (!arguments) return arguments.error();
  const auto charged = charge(session, bytes_of(quantiles));
  if (!charged) return std::unexpected(charged.error());
  return perform(arguments.stream(), "[method]model.quantiles",
                 [&] { return model->quantiles(table, quantiles, *buffer, offset); });
}

GpuResult<ForestShape> model_shape(Session& session, ResourceHandle self) {
  Arguments arguments(session);
  const ForestModel* const model = model_of(arguments, session, self);
  if (!arguments) return arguments.error();
  return model->shape();
}

GpuResult<std::vector<std::uint64_t>> model_tree_offsets(Session& session, ResourceHandle self) {
  Arguments arguments(session);
  ForestModel* const model = model_of(arguments, session, self);
  if (!arguments) return arguments.error();
  return perform(arguments.stream(), "[method]model.tree-offsets", [&] { return model->tree_offsets(); });
}

GpuResult<void> model_write_nodes(Session& session, ResourceHandle self, std::uint64_t first, std::uint64_t n_nodes,
                                  BufferId output, std::uint64_t offset) {
  Arguments arguments(session);
  ForestModel* const model = model_of(arguments, session, self);
  if (!arguments) return arguments.error();
  const Part part{"nodes", first, n_nodes, model->shape().n_nodes, sizeof(ForestNode)};
  Buffer* const buffer = output_of(arguments, output, offset, part);
  if (!arguments) return arguments.error();
  return perform(arguments.stream(), "[method]model.write-nodes",
                 [&] { return model->write_nodes(first, n_nodes, *buffer, offset); });
}

GpuResult<void> model_write_leaf_values(Session& session, ResourceHandle self, std::uint64_t first,
                                        std::uint64_t n_leaves, BufferId output, std::uint64_t offset) {
  Arguments arguments(session);
  ForestModel* const model = model_of(arguments, session, self);
  if (!arguments) return arguments.error();
  const ForestShape& shape = model->shape();
  arguments.require(shape.leaves != LeafKind::number, [] { return "self: its leaves hold numbers, in their nodes"; });
  arguments.require(shape.leaves != LeafKind::classes || shape.has_weights,
                    [] { return "self: the model has no weights, which its leaves' classes are"; });
  const Part part{"leaves", first, n_leaves, shape.n_leaves, leaf_bytes(shape)};
  Buffer* const buffer = output_of(arguments, output, offset, part);
  if (!arguments) return arguments.error();
  return perform(arguments.stream(), "[method]model.write-leaf-values",
                 [&] { return model->write_leaf_values(first, n_leaves, *buffer, offset); });
}

GpuResult<std::vector<double>> model_importances(Session& session, ResourceHandle self) {
  Arguments arguments(session);
  ForestModel* const model = model_of(arguments, session, self);
  if (model != nullptr) {
    arguments.require(model->has_importances(), [] { return "self: the model was not grown, and has no importances"; });
  }
  if (!arguments) return arguments.error();
  return perform(arguments.stream(), "[method]model.importances", [&] { return model->importances(); });
}

GpuResult<void> model_write_out_of_bag(Session& session, ResourceHandle self, BufferId output, std::uint64_t offset) {
  Arguments arguments(session);
  ForestModel* const model = model_of(arguments, session, self);
  if (!arguments) return arguments.error();
  arguments.require(model->has_out_of_bag(), [] { return "self: it was grown without out-of-bag"; });
  const std::uint64_t n_rows = model->n_rows();
  const std::uint64_t per_row = sizeof(double) * std::uint64_t{model->shape().n_outputs};
  Buffer* const buffer = output_of(arguments, output, offset, saturating_product({n_rows, per_row}));
  if (!arguments) return arguments.error();
  return perform(arguments.stream(), "[method]model.write-out-of-bag",
                 [&] { return model->write_out_of_bag(*buffer, offset); });
}

bool model_drop(Session& session, ResourceHandle handle) { return session.resources().drop<ModelResource>(handle); }

}  // namespace gpu_host::wasi_gpu
