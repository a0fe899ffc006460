#include "engine_exchange.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "packed_model.hpp"
#include "packed_trees.hpp"
#include "wasi_gpu/buffer.hpp"
#include "wasi_gpu/forest.hpp"

namespace wasm_ml {
namespace {

namespace host = wasi_gpu::forest;
using gpu_host::forest::PackedLayout;
using gpu_host::forest::PackedStream;
using wasi_gpu::Buffer;

// With the weights of nodes, where there are any.
wasi_gpu::Result<std::string> packed_bytes(const host::Model& model) {
  const auto shape = model.shape();
  if (!shape) return std::unexpected(shape.error());
  const auto parts = shape->has_weights ? host::PackedParts::weights : host::PackedParts::none;
  const auto size = model.packed_size(parts);
  if (!size) return std::unexpected(size.error());
  auto buffer = Buffer::create(*size);
  if (!buffer) return std::unexpected(std::move(buffer.error()));
  if (auto done = model.pack(parts, *buffer); !done) return std::unexpected(std::move(done.error()));
  std::string bytes(static_cast<std::size_t>(*size), '\0');
  if (auto read = buffer->read(bytes); !read) return std::unexpected(std::move(read.error()));
  return bytes;
}

template <class T, class Write>
wasi_gpu::Result<std::vector<T>> read_from_device(std::uint64_t n, const Write& write) {
  auto buffer = Buffer::create_for<T>(n);
  if (!buffer) return std::unexpected(std::move(buffer.error()));
  if (auto done = write(*buffer); !done) return std::unexpected(std::move(done.error()));
  std::vector<T> values(static_cast<std::size_t>(n));
  if (auto read = buffer->read(values); !read) return std::unexpected(std::move(read.error()));
  return values;
}

std::vector<float> probabilities(const std::vector<std::uint32_t>& weights, std::uint32_t n_classes) {
  std::vector<float> values(weights.size());
  for (std::size_t leaf = 0; leaf < weights.size(); leaf += n_classes) {
    double sum = 0;
    for (std::uint32_t c = 0; c < n_classes; ++c) sum += weights[leaf + c];
    for (std::uint32_t c = 0; c < n_classes; ++c) values[leaf + c] = static_cast<float>(weights[leaf + c] / sum);
  }
  return values;
}

wasi_gpu::Result<PortableForest> portable(const host::Model& model) {
  const auto shape = model.shape();
  if (!shape) return std::unexpected(shape.error());
  PortableForest forest;
  forest.n_features = shape->n_features;
  forest.n_outputs = shape->n_outputs;
  forest.vector_leaves = shape->leaves != host::LeafKind::number;
  auto offsets = model.tree_offsets();
  if (!offsets) return std::unexpected(std::move(offsets.error()));
  forest.tree_offsets = *std::move(offsets);
  auto nodes = read_from_device<host::Node>(
      shape->n_nodes, [&](Buffer& buffer) { return model.write_nodes(0, shape->n_nodes, buffer); });
  if (!nodes) return std::unexpected(std::move(nodes.error()));
  forest.nodes = *std::move(nodes);
  const std::uint64_t n_values = shape->n_leaves * shape->n_outputs;
  const auto write_values = [&](Buffer& buffer) { return model.write_leaf_values(0, shape->n_leaves, buffer); };
  if (shape->leaves == host::LeafKind::classes) {
    const auto weights = read_from_device<std::uint32_t>(n_values, write_values);
    if (!weights) return std::unexpected(weights.error());
    forest.leaf_values = probabilities(*weights, shape->n_outputs);
  } else if (shape->leaves == host::LeafKind::vector) {
    auto values = read_from_device<float>(n_values, write_values);
    if (!values) return std::unexpected(std::move(values.error()));
    forest.leaf_values = *std::move(values);
  }
  return forest;
}

// What becomes of the trees' numbers, which a model does not tell.
void read_sums(const PackedLayout& layout, std::string_view packed, PortableForest& forest) {
  const auto read = [&](PackedStream stream, auto& values, std::size_t n) {
    values.resize(n);
    std::memcpy(values.data(), packed.data() + layout.begin(stream), n * sizeof(values[0]));
  };
  forest.average = layout.shape.average;
  if (layout.shape.has_base) read(PackedStream::base, forest.base, layout.shape.n_outputs);
  if (layout.shape.has_tree_outputs) read(PackedStream::tree_outputs, forest.tree_outputs, layout.shape.n_trees);
}

}  // namespace

namespace {

std::unexpected<Error> fail_model(const char* doing, const wasi_gpu::Error& error) {
  if (error.code != wasi_gpu::ErrorCode::device_unavailable) return fail_device(doing, error);
  return fail("device unavailable: this one does not keep forests itself; take one that does, as --backend cpu");
}

}  // namespace

Result<host::Model> make_model(const PortableForest& forest) {
  const auto nodes = Buffer::from(forest.nodes);
  if (!nodes) return fail_device("putting the forest on the device", nodes.error());
  host::ModelParams params{.n_features = forest.n_features,
                           .leaves = forest.vector_leaves ? host::LeafKind::vector : host::LeafKind::number,
                           .n_outputs = forest.n_outputs,
                           .average = forest.average,
                           .base = forest.base,
                           .tree_offsets = forest.tree_offsets,
                           .tree_outputs = forest.n_outputs > 1 ? forest.tree_outputs : std::vector<std::uint32_t>(),
                           .nodes = nodes->id()};
  Buffer values;
  if (forest.vector_leaves) {
    params.tree_outputs.clear();
    auto made = Buffer::from(forest.leaf_values);
    if (!made) return fail_device("putting the forest on the device", made.error());
    values = *std::move(made);
    params.leaf_values = host::LeafValues{.buffer = values.id()};
  }
  auto model = host::Model::create(params);
  if (!model) return fail_model("making a model of the forest", model.error());
  return *std::move(model);
}

Result<std::string> pack(const PortableForest& forest) {
  const auto model = make_model(forest);
  if (!model) return std::unexpected(model.error());
  auto bytes = packed_bytes(*model);
  if (!bytes) return fail_device("packing the model", bytes.error());
  return *std::move(bytes);
}

Result<PortableForest> unpack(std::string_view packed) {
  const auto buffer = Buffer::from(packed);
  if (!buffer) return fail_device("putting the model on the device", buffer.error());
  const auto model = host::Model::unpack(*buffer, 0, packed.size());
  if (!model) return fail_model("reading the trees", model.error());
  auto forest = portable(*model);
  if (!forest) return fail_device("reading the trees", forest.error());
  const auto layout = gpu_host::forest::read_packed_layout(std::as_bytes(std::span(packed)));
  if (!layout) return fail("reading the trees: " + layout.error());
  read_sums(*layout, packed, *forest);
  return *std::move(forest);
}

}  // namespace wasm_ml
