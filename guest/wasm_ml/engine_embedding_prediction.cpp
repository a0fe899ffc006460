// The exports of embedding.hpp that ask models.
#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "engine_embedding_state.hpp"
#include "postprocess.hpp"
#include "text.hpp"

namespace wasm_ml::embedding {
namespace {

namespace host = wasi_gpu::forest;
namespace host_calls = wasi_gpu::host_calls;

constexpr std::uint32_t kPredictions = 3;
constexpr std::size_t kBlock = 1 << 16;  // numbers at a time, where they go through the module's memory

struct Output {
  std::uint32_t buffer;
  std::uint64_t offset;
};

// Outputs as the model's origin means them.
Result<void> postprocess_outputs(const Loaded& loaded, std::uint32_t n_rows, Output output) {
  const std::size_t width = loaded.shape.n_outputs;
  const std::size_t rows_at_a_time = std::max<std::size_t>(1, kBlock / width);
  std::vector<float> values;
  for (std::size_t row = 0; row < n_rows; row += rows_at_a_time) {
    values.resize(std::min(rows_at_a_time, n_rows - row) * width);
    const std::uint64_t at = output.offset + row * width * sizeof(float);
    const auto read = host_calls::buffer_read(output.buffer, at, std::as_writable_bytes(std::span(values)));
    if (!read) return fail_device("reading the predictions", read.error());
    for (std::size_t i = 0; i < values.size(); i += width) {
      postprocess(loaded.info.postprocessor, std::span(values).subspan(i, width));
    }
    if (auto written = write_buffer(output.buffer, at, values); !written) return written;
  }
  return {};
}

Result<host::Table> read_table(std::uint32_t columns, std::uint64_t offset, std::uint32_t n_blocks,
                               std::uint32_t n_rows) {
  auto features = read_columns(columns, offset, n_blocks);
  if (!features) return std::unexpected(std::move(features.error()));
  return host::Table{.n_rows = n_rows, .features = *std::move(features)};
}

Result<void> predict(const Loaded& loaded, const host::Table& rows, std::uint32_t what, Output output) {
  if (what >= kPredictions) return fail(format("what: %lu is not 0 to 2", static_cast<unsigned long>(what)));
  const auto prediction = static_cast<host::Prediction>(what);
  const auto done = host_calls::model_predict(loaded.model.handle(), rows, prediction, output.buffer, output.offset);
  if (!done) return fail_device("predicting", done.error());
  const bool raw = prediction != host::Prediction::outputs || loaded.info.postprocessor == Postprocessor{};
  if (raw) return {};
  return postprocess_outputs(loaded, rows.n_rows, output);
}

Result<void> quantiles(const Loaded& loaded, const host::Table& rows, const std::vector<double>& quantiles,
                       Output output) {
  const auto done = host_calls::model_quantiles(loaded.model.handle(), rows, quantiles, output.buffer, output.offset);
  if (!done) return fail_device("predicting quantiles", done.error());
  return {};
}

EmbeddedShape shape_of(const Loaded& loaded) {
  return {.n_nodes = loaded.shape.n_nodes,
          .n_leaves = loaded.shape.n_leaves,
          .n_trees = loaded.shape.n_trees,
          .n_features = loaded.shape.n_features,
          .n_outputs = loaded.shape.n_outputs,
          .leaves = static_cast<std::uint32_t>(loaded.shape.leaves),
          .has_weights = loaded.shape.has_weights ? 1U : 0U,
          .has_leaf_targets = loaded.shape.has_leaf_targets ? 1U : 0U};
}

// 0, or -1 where there is no such model or what is asked of it fails.
template <class Ask>
std::int32_t ask(std::int32_t model, const Ask& what) {
  const auto loaded = find(model);
  if (!loaded) return answer(Result<std::int32_t>(std::unexpected(loaded.error())));
  return answer(what(std::as_const(**loaded)));
}

}  // namespace
}  // namespace wasm_ml::embedding

extern "C" {

using namespace wasm_ml::embedding;  // NOLINT(google-build-using-namespace): of the exports alone
using wasm_ml::Result;

WASM_ML_EXPORT(wasm_ml_shape)
std::int32_t wasm_ml_shape(std::int32_t model, std::uint32_t output, std::uint64_t offset) {
  return ask(model, [&](const Loaded& loaded) {
    return write_buffer(output, offset, std::vector<wasm_ml::EmbeddedShape>{shape_of(loaded)});
  });
}

WASM_ML_EXPORT(wasm_ml_predict)
std::int32_t wasm_ml_predict(std::int32_t model, std::uint32_t columns, std::uint64_t columns_offset,
                             std::uint32_t n_blocks, std::uint32_t n_rows, std::uint32_t what, std::uint32_t output,
                             std::uint64_t output_offset) {
  return ask(model, [&](const Loaded& loaded) -> Result<void> {
    const auto rows = read_table(columns, columns_offset, n_blocks, n_rows);
    if (!rows) return std::unexpected(rows.error());
    return predict(loaded, *rows, what, {output, output_offset});
  });
}

WASM_ML_EXPORT(wasm_ml_quantiles)
std::int32_t wasm_ml_quantiles(std::int32_t model, std::uint32_t columns, std::uint64_t columns_offset,
                               std::uint32_t n_blocks, std::uint32_t n_rows, std::uint32_t at,
                               std::uint32_t n_quantiles, std::uint32_t output, std::uint64_t output_offset) {
  return ask(model, [&](const Loaded& loaded) -> Result<void> {
    const auto rows = read_table(columns, columns_offset, n_blocks, n_rows);
    if (!rows) return std::unexpected(rows.error());
    const auto given = read_list<double>(at, 0, n_quantiles);
    if (!given) return std::unexpected(given.error());
    return quantiles(loaded, *rows, *given, {output, output_offset});
  });
}

WASM_ML_EXPORT(wasm_ml_importances)
std::int32_t wasm_ml_importances(std::int32_t model, std::uint32_t output, std::uint64_t offset) {
  return ask(model, [&](const Loaded& loaded) -> Result<void> {
    if (loaded.info.importances.empty()) return wasm_ml::fail("the model has no importances");
    return write_buffer(output, offset, loaded.info.importances);
  });
}

WASM_ML_EXPORT(wasm_ml_out_of_bag)
std::int32_t wasm_ml_out_of_bag(std::int32_t model, std::uint32_t output, std::uint64_t offset) {
  return ask(model, [&](const Loaded& loaded) -> Result<void> {
    const auto done = wasi_gpu::host_calls::model_write_out_of_bag(loaded.model.handle(), output, offset);
    if (!done) return wasm_ml::fail_device("reading the out-of-bag predictions", done.error());
    return {};
  });
}

WASM_ML_EXPORT(wasm_ml_tree_offsets)
std::int32_t wasm_ml_tree_offsets(std::int32_t model, std::uint32_t output, std::uint64_t offset) {
  return ask(model, [&](const Loaded& loaded) -> Result<void> {
    const auto offsets = loaded.model.tree_offsets();
    if (!offsets) return wasm_ml::fail_device("reading the trees", offsets.error());
    return write_buffer(output, offset, *offsets);
  });
}

WASM_ML_EXPORT(wasm_ml_nodes)
std::int32_t wasm_ml_nodes(std::int32_t model, std::uint64_t first, std::uint64_t n_nodes, std::uint32_t output,
                           std::uint64_t offset) {
  return ask(model, [&](const Loaded& loaded) -> Result<void> {
    const auto done = wasi_gpu::host_calls::model_write_nodes(loaded.model.handle(), first, n_nodes, output, offset);
    if (!done) return wasm_ml::fail_device("reading the trees", done.error());
    return {};
  });
}
}
