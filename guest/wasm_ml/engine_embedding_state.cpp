#include "engine_embedding_state.hpp"

#include <limits>

#include "text.hpp"

namespace wasm_ml::embedding {
namespace {

namespace host = wasi_gpu::forest;

constexpr std::uint32_t kElements = 11;

Result<host::ElementType> to_element(std::uint32_t element) {
  if (element >= kElements) return fail(format("element %lu: there are 0 to 10", static_cast<unsigned long>(element)));
  return static_cast<host::ElementType>(element);
}

}  // namespace

State& state() {
  static State state;
  return state;
}

std::vector<std::string> numbers_as_names(std::uint32_t n) {
  std::vector<std::string> names;
  names.reserve(n);
  for (std::uint32_t i = 0; i < n; ++i) names.push_back(std::to_string(i));
  return names;
}

Result<std::int32_t> next_number() {
  if (state().last_number == std::numeric_limits<std::int32_t>::max()) return fail("too many growths and models");
  return ++state().last_number;
}

Result<Growing*> find_growth(std::int32_t growth) {
  const auto found = state().growths.find(growth);
  if (found == state().growths.end()) return fail(format("growth %ld: there is none", static_cast<long>(growth)));
  return &found->second;
}

Result<Loaded*> find(std::int32_t model) {
  const auto found = state().models.find(model);
  if (found == state().models.end()) return fail(format("model %ld: there is none", static_cast<long>(model)));
  return &found->second;
}

Result<std::int32_t> keep(host::Model model, ModelInfo info) {
  auto shape = model.shape();
  if (!shape) return fail_device("asking for the model's shape", shape.error());
  if (shape->n_features != info.features.size()) return fail("the model's trees have other features than it names");
  const auto number = next_number();
  if (number) state().models.emplace(*number, Loaded{std::move(model), std::move(info), *shape});
  return number;
}

Result<std::string> read_buffer(std::uint32_t buffer, std::uint64_t offset, std::uint64_t size) {
  if (size > std::numeric_limits<std::size_t>::max() / 2) return fail("it does not fit the module's memory");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  if (bytes.empty()) return bytes;
  const auto read = wasi_gpu::host_calls::buffer_read(buffer, offset, std::as_writable_bytes(std::span(bytes)));
  if (!read) return fail_device("reading the buffer", read.error());
  return bytes;
}

Result<std::vector<host::Columns>> read_columns(std::uint32_t buffer, std::uint64_t offset, std::uint32_t n_blocks) {
  const auto given = read_list<EmbeddedColumns>(buffer, offset, n_blocks);
  if (!given) return std::unexpected(given.error());
  std::vector<host::Columns> blocks;
  blocks.reserve(given->size());
  for (const EmbeddedColumns& columns : *given) {
    const auto element = to_element(columns.element);
    if (!element) return std::unexpected(element.error());
    if (columns.n_columns > std::numeric_limits<std::uint32_t>::max()) return fail("too many columns");
    blocks.push_back({.buffer = columns.buffer,
                      .element = *element,
                      .offset = columns.offset,
                      .row_stride = columns.row_stride,
                      .column_stride = columns.column_stride,
                      .n_columns = static_cast<std::uint32_t>(columns.n_columns)});
  }
  return blocks;
}

Result<std::optional<host::Numbers>> to_numbers(const EmbeddedNumbers& numbers) {
  if (numbers.buffer == 0) return std::nullopt;
  const auto element = to_element(numbers.element);
  if (!element) return std::unexpected(element.error());
  return host::Numbers{
      .buffer = numbers.buffer, .element = *element, .offset = numbers.offset, .stride = numbers.stride};
}

}  // namespace wasm_ml::embedding
