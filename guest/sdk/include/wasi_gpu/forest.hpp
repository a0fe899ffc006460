// Random forests that the host grows (wit/0.2.0/forest.wit), owned: each is dropped with its object.
//
//   auto data = DataSet::create({.n_rows = …, .features = {…}, .targets = …});
//   auto growth = Growth::start(*data, {.n_trees = 100, .max_features = 3, .n_draws = n_rows});
//   growth->grow(100);
//   auto model = growth->finish();
//   model->predict({.n_rows = …, .features = {…}}, Prediction::outputs, buffer);
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "wasi_gpu/buffer.hpp"
#include "wasi_gpu/error.hpp"
#include "wasi_gpu/forest_host_calls.hpp"
#include "wasi_gpu/forest_types.hpp"

namespace wasi_gpu::forest {

// A handle that `drop` gives back.
template <auto drop>
class Resource {
 public:
  Resource(Resource&& other) noexcept : handle_(std::exchange(other.handle_, 0)) {}
  Resource& operator=(Resource&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;

  [[nodiscard]] Handle handle() const { return handle_; }

 protected:
  explicit Resource(Handle handle) : handle_(handle) {}
  ~Resource() {
    if (handle_ != 0) drop(handle_);
  }

 private:
  Handle handle_;
};

// Rows in bins. Not needed any more once growths have started; nor are the buffers it was made of once it is there.
class DataSet : public Resource<host_calls::data_set_drop> {
 public:
  [[nodiscard]] static Result<DataSet> create(const DataSetParams& params) {
    auto handle = host_calls::data_set_create(params);
    if (!handle) return std::unexpected(std::move(handle.error()));
    return DataSet(*handle);
  }
  [[nodiscard]] Result<std::vector<std::uint32_t>> constant_features() const {
    return host_calls::data_set_constant_features(handle());
  }

 private:
  using Resource::Resource;
};

// A finished forest.
class Model : public Resource<host_calls::model_drop> {
 public:
  // One that was made elsewhere.
  [[nodiscard]] static Result<Model> create(const ModelParams& params) {
    return made(host_calls::model_create(params));
  }
  // One that was packed, from `size` bytes of a buffer from byte `offset` on.
  [[nodiscard]] static Result<Model> unpack(const Buffer& from, std::uint64_t offset, std::uint64_t size) {
    return unpack(from.id(), offset, size);
  }
  // The same of a buffer that an embedder made.
  [[nodiscard]] static Result<Model> unpack(BufferId from, std::uint64_t offset, std::uint64_t size) {
    return made(host_calls::model_unpack(from, offset, size));
  }
  // Bytes that pack() writes.
  [[nodiscard]] Result<std::uint64_t> packed_size(PackedParts parts) const {
    return host_calls::model_packed_size(handle(), parts);
  }
  [[nodiscard]] Result<void> pack(PackedParts parts, Buffer& output, std::uint64_t offset = 0) const {
    return host_calls::model_pack(handle(), parts, output.id(), offset);
  }
  // Row after row, into `output` from byte `offset` on.
  [[nodiscard]] Result<void> predict(const Table& rows, Prediction what, Buffer& output,
                                     std::uint64_t offset = 0) const {
    return host_calls::model_predict(handle(), rows, what, output.id(), offset);
  }
  // Of the targets at a row's leaves: of each row an f32 for each of `quantiles`, which are from 0 to 1. Of a forest
  // grown with leaf_targets.
  [[nodiscard]] Result<void> quantiles(const Table& rows, std::span<const double> quantiles, Buffer& output,
                                       std::uint64_t offset = 0) const {
    return host_calls::model_quantiles(handle(), rows, quantiles, output.id(), offset);
  }

  [[nodiscard]] Result<ModelShape> shape() const { return host_calls::model_shape(handle()); }
  // Number of each tree's first node, and last of all their number.
  [[nodiscard]] Result<std::vector<std::uint64_t>> tree_offsets() const {
    return host_calls::model_tree_offsets(handle());
  }
  // Nodes, each a Node, into `output` from byte `offset` on.
  [[nodiscard]] Result<void> write_nodes(std::uint64_t first, std::uint64_t n_nodes, Buffer& output,
                                         std::uint64_t offset = 0) const {
    return host_calls::model_write_nodes(handle(), first, n_nodes, output.id(), offset);
  }
  // Of leaves that hold classes or vectors: of each leaf and class a u32, or of each leaf and output an f32.
  [[nodiscard]] Result<void> write_leaf_values(std::uint64_t first, std::uint64_t n_leaves, Buffer& output,
                                               std::uint64_t offset = 0) const {
    return host_calls::model_write_leaf_values(handle(), first, n_leaves, output.id(), offset);
  }
  // Of a forest that was grown.
  [[nodiscard]] Result<std::vector<double>> importances() const { return host_calls::model_importances(handle()); }
  // Of each row an f64 (or one for each class); NaN where no tree left it out.
  [[nodiscard]] Result<void> write_out_of_bag(Buffer& output, std::uint64_t offset = 0) const {
    return host_calls::model_write_out_of_bag(handle(), output.id(), offset);
  }

 private:
  friend class Growth;
  using Resource::Resource;

  static Result<Model> made(Result<Handle> handle) {
    if (!handle) return std::unexpected(std::move(handle.error()));
    return Model(*handle);
  }
};

// A forest in growth: grow() it, or steer it with open_nodes() and split_nodes() until no node is open.
class Growth : public Resource<host_calls::growth_drop> {
 public:
  [[nodiscard]] static Result<Growth> start(const DataSet& data, const GrowthParams& params) {
    auto handle = host_calls::growth_start(data.handle(), params);
    if (!handle) return std::unexpected(std::move(handle.error()));
    return Growth(*handle);
  }
  // How many trees are finished.
  [[nodiscard]] Result<std::uint32_t> grow(std::uint32_t n_trees) { return host_calls::growth_grow(handle(), n_trees); }

  [[nodiscard]] Result<std::vector<OpenNode>> open_nodes(std::uint32_t n_trees) {
    return host_calls::growth_open_nodes(handle(), n_trees);
  }
  [[nodiscard]] Result<std::vector<std::optional<FoundSplit>>> best_splits() {
    return host_calls::growth_best_splits(handle());
  }
  [[nodiscard]] Result<std::vector<ValueRange>> value_ranges(std::span<const NodeFeature> of) {
    return host_calls::growth_value_ranges(handle(), of);
  }
  [[nodiscard]] Result<std::vector<std::optional<FoundSplit>>> evaluate(std::span<const Candidate> candidates) {
    return host_calls::growth_evaluate(handle(), candidates);
  }
  // Nodes without a decision are split where it is best.
  [[nodiscard]] Result<void> split_nodes(std::span<const Decision> decisions) {
    return host_calls::growth_split_nodes(handle(), decisions);
  }
  [[nodiscard]] Result<void> stop() { return host_calls::growth_stop(handle()); }

  // The growth is over then, all that is left is to drop it.
  [[nodiscard]] Result<Model> finish() { return Model::made(host_calls::growth_finish(handle())); }

 private:
  using Resource::Resource;
};

}  // namespace wasi_gpu::forest
