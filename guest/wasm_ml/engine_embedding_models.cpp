// The exports of embedding.hpp that bring models in and out.
#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "byte_reader.hpp"
#include "engine_embedding_state.hpp"
#include "engine_exchange.hpp"
#include "json.hpp"
#include "model_file.hpp"
#include "model_info_bytes.hpp"
#include "model_json.hpp"
#include "text.hpp"
#include "treelite.hpp"
#include "wasi_gpu/buffer.hpp"

namespace wasm_ml::embedding {
namespace {

namespace host = wasi_gpu::forest;
namespace host_calls = wasi_gpu::host_calls;
using wasi_gpu::Buffer;

Result<std::int32_t> load(std::uint32_t buffer, std::uint64_t offset, std::uint64_t size) {
  const auto read_at = [&](std::uint64_t position, std::span<char> into) -> Result<void> {
    const auto read = host_calls::buffer_read(buffer, offset + position, std::as_writable_bytes(into));
    if (!read) return fail_device("reading the buffer", read.error());
    return {};
  };
  auto file = ModelFile::open(ByteSource::of_reader("in the buffer", size, read_at));
  if (!file) return std::unexpected(std::move(file.error()));
  auto from = wasi_gpu::BufferId{buffer};
  std::uint64_t packed_at = offset + size - file->packed_size();
  Buffer converted;
  if (file->version() == 1) {
    auto packed = file->upload_packed();
    if (!packed) return std::unexpected(std::move(packed.error()));
    converted = *std::move(packed);
    from = converted.id();
    packed_at = 0;
  }
  auto model = host::Model::unpack(from, packed_at, file->packed_size());
  if (!model) return fail_device("unpacking the model", model.error());
  return keep(*std::move(model), file->info());
}

Result<std::int32_t> import(std::uint32_t buffer, std::uint64_t offset, std::uint64_t size) {
  const auto bytes = read_buffer(buffer, offset, size);
  if (!bytes) return std::unexpected(bytes.error());
  const auto forest = read_treelite(std::as_bytes(std::span(*bytes)));
  if (!forest) return std::unexpected(forest.error());
  ModelInfo info{.task = task_of(*forest),
                 .origin = "treelite",
                 .features = numeric_features(numbers_as_names(forest->n_features)),
                 .postprocessor = forest->postprocessor};
  if (info.task == ModelTask::classification) info.classes = numbers_as_names(std::max(2U, forest->n_classes));
  auto model = make_model(*forest);
  if (!model) return std::unexpected(std::move(model.error()));
  return keep(*std::move(model), std::move(info));
}

host::PackedParts parts_of(const Loaded& loaded) {
  auto parts = loaded.shape.has_weights ? host::PackedParts::weights : host::PackedParts::none;
  if (loaded.shape.has_leaf_targets) parts = parts | host::PackedParts::leaf_targets;
  return parts;
}

Result<std::int64_t> save_size(std::int32_t number) {
  const auto loaded = find(number);
  if (!loaded) return std::unexpected(loaded.error());
  const auto packed = (*loaded)->model.packed_size(parts_of(**loaded));
  if (!packed) return fail_device("packing the model", packed.error());
  return static_cast<std::int64_t>(encode_head((*loaded)->info, *packed).size() + *packed);
}

Result<void> save(std::int32_t number, std::uint32_t buffer, std::uint64_t offset) {
  const auto loaded = find(number);
  if (!loaded) return std::unexpected(loaded.error());
  const auto parts = parts_of(**loaded);
  const auto packed = (*loaded)->model.packed_size(parts);
  if (!packed) return fail_device("packing the model", packed.error());
  const std::string head = encode_head((*loaded)->info, *packed);
  if (auto written = write_buffer(buffer, offset, head); !written) return written;
  const auto done = host_calls::model_pack((*loaded)->model.handle(), parts, buffer, offset + head.size());
  if (!done) return fail_device("packing the model", done.error());
  return {};
}

Result<std::int64_t> to_treelite(std::int32_t number) {
  const auto loaded = find(number);
  if (!loaded) return std::unexpected(loaded.error());
  const auto parts = (*loaded)->shape.has_weights ? host::PackedParts::weights : host::PackedParts::none;
  const auto size = (*loaded)->model.packed_size(parts);
  if (!size) return fail_device("packing the model", size.error());
  auto buffer = Buffer::create(*size);
  if (!buffer) return fail_device("packing the model", buffer.error());
  if (auto done = (*loaded)->model.pack(parts, *buffer); !done) return fail_device("packing the model", done.error());
  const auto packed = read_buffer(buffer->id(), 0, *size);
  if (!packed) return std::unexpected(packed.error());
  auto forest = unpack(*packed);
  if (!forest) return std::unexpected(std::move(forest.error()));
  set_task((*loaded)->info, *forest);
  const std::vector<std::byte> bytes = write_treelite(*forest);
  state().to_take.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return static_cast<std::int64_t>(bytes.size());
}

Result<std::vector<std::string>> read_texts(std::string_view bytes) {
  std::vector<std::string> texts;
  for (ByteReader reader(bytes); reader.remaining() != 0;) {
    if (!reader.read_text(texts.emplace_back())) return fail("names: a text is longer than what is left");
  }
  return texts;
}

Result<void> name(std::int32_t model, EmbeddedNames what, std::uint32_t index, std::string_view bytes) {
  const auto loaded = find(model);
  if (!loaded) return std::unexpected(loaded.error());
  auto texts = read_texts(bytes);
  if (!texts) return std::unexpected(std::move(texts.error()));
  ModelInfo info = (*loaded)->info;
  const auto check_size = [&](std::size_t n) -> Result<void> {
    if (texts->size() == n) return {};
    return fail(format("names: %zu, not %zu", texts->size(), n));
  };
  Result<void> fits;
  switch (what) {
    case EmbeddedNames::target:
      fits = check_size(1);
      if (fits) info.target_name = texts->front();
      break;
    case EmbeddedNames::features:
      fits = check_size(info.features.size());
      for (std::size_t i = 0; fits && i < texts->size(); ++i) info.features[i].name = std::move((*texts)[i]);
      break;
    case EmbeddedNames::categories:
      if (index >= info.features.size())
        return fail(format("names: there is no column %lu", static_cast<unsigned long>(index)));
      info.features[index].categories = *std::move(texts);
      break;
    case EmbeddedNames::classes:
      fits = check_size(info.classes.size());
      if (fits) info.classes = *std::move(texts);
      break;
    default:
      return fail("names: of what is not known");
  }
  if (fits) fits = check_info(info);
  if (fits) (*loaded)->info = std::move(info);
  return fits;
}

Result<std::int64_t> info(std::int32_t model) {
  const auto loaded = find(model);
  if (!loaded) return std::unexpected(loaded.error());
  JsonObject json;
  json.add("trees", (*loaded)->shape.n_trees).add("nodes", static_cast<double>((*loaded)->shape.n_nodes));
  add_info((*loaded)->info, json);
  state().to_take = json.text();
  return static_cast<std::int64_t>(state().to_take.size());
}

}  // namespace
}  // namespace wasm_ml::embedding

extern "C" {

using namespace wasm_ml::embedding;  // NOLINT(google-build-using-namespace): of the exports alone

WASM_ML_EXPORT(wasm_ml_load)
std::int32_t wasm_ml_load(std::uint32_t buffer, std::uint64_t offset, std::uint64_t size) {
  return answer(load(buffer, offset, size));
}

WASM_ML_EXPORT(wasm_ml_import)
std::int32_t wasm_ml_import(std::uint32_t buffer, std::uint64_t offset, std::uint64_t size) {
  return answer(import(buffer, offset, size));
}

WASM_ML_EXPORT(wasm_ml_name)
std::int32_t wasm_ml_name(std::int32_t model, wasm_ml::EmbeddedNames what, std::uint32_t index, std::uint32_t buffer,
                          std::uint64_t offset, std::uint64_t size) {
  const auto bytes = read_buffer(buffer, offset, size);
  if (!bytes) return answer(wasm_ml::Result<void>(std::unexpected(bytes.error())));
  return answer(name(model, what, index, *bytes));
}

WASM_ML_EXPORT(wasm_ml_save_size)
std::int64_t wasm_ml_save_size(std::int32_t model) { return answer(save_size(model)); }

WASM_ML_EXPORT(wasm_ml_save)
std::int32_t wasm_ml_save(std::int32_t model, std::uint32_t buffer, std::uint64_t offset) {
  return answer(save(model, buffer, offset));
}

WASM_ML_EXPORT(wasm_ml_export)
std::int64_t wasm_ml_export(std::int32_t model) { return answer(to_treelite(model)); }

WASM_ML_EXPORT(wasm_ml_info)
std::int64_t wasm_ml_info(std::int32_t model) { return answer(info(model)); }

WASM_ML_EXPORT(wasm_ml_error)
std::int64_t wasm_ml_error() {
  state().to_take = state().error;
  return static_cast<std::int64_t>(state().to_take.size());
}

WASM_ML_EXPORT(wasm_ml_take)
std::int32_t wasm_ml_take(std::uint32_t output, std::uint64_t offset) {
  const auto written = write_buffer(output, offset, state().to_take);
  if (written) state().to_take = {};
  return answer(written);
}

WASM_ML_EXPORT(wasm_ml_drop)
std::int32_t wasm_ml_drop(std::int32_t model) {
  const auto found = find(model);
  if (!found) return answer(wasm_ml::Result<std::int32_t>(std::unexpected(found.error())));
  state().models.erase(model);
  return 0;
}
}
