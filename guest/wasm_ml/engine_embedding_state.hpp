// What the exports of embedding.hpp share: growths, models, the last error, and what waits to be taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "embedding.hpp"
#include "error.hpp"
#include "model.hpp"
#include "wasi_gpu/forest.hpp"
#include "wasi_gpu/host_calls.hpp"

#if defined(__wasm__)
#define WASM_ML_EXPORT(name) __attribute__((export_name(#name)))
#else
#define WASM_ML_EXPORT(name)
#endif

namespace wasm_ml::embedding {

struct Growing {
  wasi_gpu::forest::Growth growth;
  ModelInfo info;
  std::uint32_t n_finished = 0;
};

struct Loaded {
  wasi_gpu::forest::Model model;
  ModelInfo info;
  wasi_gpu::forest::ModelShape shape;
};

struct State {
  std::map<std::int32_t, Growing> growths;
  std::map<std::int32_t, Loaded> models;
  std::int32_t last_number = 0;
  std::string error;
  std::string to_take;
};

[[nodiscard]] State& state();

// A function's result: its number, or -1 and the error's text.
template <class T>
T answer(Result<T> result) {
  if (result) return *std::move(result);
  state().error = std::move(result.error().message);
  return -1;
}

// 0, or -1 and the error's text.
inline std::int32_t answer(Result<void> result) {
  if (result) return 0;
  return answer(Result<std::int32_t>(std::unexpected(std::move(result.error()))));
}

// 0, or why the device did not do it.
inline std::int32_t answer(const char* doing, const wasi_gpu::Result<void>& result) {
  if (result) return 0;
  return answer(Result<std::int32_t>(fail_device(doing, result.error())));
}

// Names of features or classes until they are given others: "0", "1", …
[[nodiscard]] std::vector<std::string> numbers_as_names(std::uint32_t n);

[[nodiscard]] Result<std::int32_t> next_number();
[[nodiscard]] Result<Growing*> find_growth(std::int32_t growth);
[[nodiscard]] Result<Loaded*> find(std::int32_t model);

// The model's number.
[[nodiscard]] Result<std::int32_t> keep(wasi_gpu::forest::Model model, ModelInfo info);

[[nodiscard]] Result<std::string> read_buffer(std::uint32_t buffer, std::uint64_t offset, std::uint64_t size);

// At most so many of anything: a model has no more features.
inline constexpr std::uint32_t kMost = 1 << 16;

// Structures or numbers, next to each other.
template <class T>
[[nodiscard]] Result<std::vector<T>> read_list(std::uint32_t buffer, std::uint64_t offset, std::uint32_t n) {
  if (n > kMost) return fail("a list of more than 65536");
  std::vector<T> values(n);
  if (n == 0) return values;
  const auto read = wasi_gpu::host_calls::buffer_read(buffer, offset, std::as_writable_bytes(std::span(values)));
  if (!read) return fail_device("reading the buffer", read.error());
  return values;
}

template <class Range>
[[nodiscard]] Result<void> write_buffer(std::uint32_t buffer, std::uint64_t offset, const Range& values) {
  const auto written = wasi_gpu::host_calls::buffer_write(buffer, offset, std::as_bytes(std::span(values)));
  if (!written) return fail_device("writing to the buffer", written.error());
  return {};
}

[[nodiscard]] Result<std::vector<wasi_gpu::forest::Columns>> read_columns(std::uint32_t buffer, std::uint64_t offset,
                                                                          std::uint32_t n_blocks);

// None where there is no buffer.
[[nodiscard]] Result<std::optional<wasi_gpu::forest::Numbers>> to_numbers(const EmbeddedNumbers& numbers);

}  // namespace wasm_ml::embedding
