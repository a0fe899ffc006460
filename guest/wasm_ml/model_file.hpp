// The file that keeps a model; docs/model-format.md describes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "byte_source.hpp"
#include "error.hpp"
#include "model.hpp"
#include "wasi_gpu/buffer.hpp"

namespace wasm_ml {

inline constexpr std::uint32_t kModelVersion = 2;  // that is written; 1 is read too

// What a file has before the packed model of so many bytes.
[[nodiscard]] std::string encode_head(const ModelInfo& info, std::uint64_t packed_size);

// The same bytes for the same model.
[[nodiscard]] std::string encode_model(const Model& model);

// An error where it could not be opened again.
[[nodiscard]] Result<void> save_model(const std::string& path, const Model& model);

// A model file that is read: what is known of the model at once, its trees when and where they are wanted, once. Safe
// with any bytes; the packed trees are checked by whoever unpacks them. Errors name the file and what is wrong.
class ModelFile {
 public:
  [[nodiscard]] static Result<ModelFile> open(const std::string& path);
  [[nodiscard]] static Result<ModelFile> open(ByteSource source);

  [[nodiscard]] const std::string& name() const { return source_.name(); }
  [[nodiscard]] std::uint32_t version() const { return version_; }
  [[nodiscard]] const ModelInfo& info() const { return info_; }
  [[nodiscard]] std::uint64_t packed_size() const { return packed_size_; }

  [[nodiscard]] Result<std::string> read_packed();
  // Through a block of memory, into a buffer of the device.
  [[nodiscard]] Result<wasi_gpu::Buffer> upload_packed();

 private:
  explicit ModelFile(ByteSource source) : source_(std::move(source)) {}

  [[nodiscard]] Result<void> read_head();
  [[nodiscard]] Result<void> read_version_1(std::string head);
  // Calls take(bytes) for all of the packed model, block by block.
  template <class Take>
  [[nodiscard]] Result<void> for_packed(const Take& take);

  ByteSource source_;
  std::uint32_t version_ = 0;
  ModelInfo info_;
  std::uint64_t packed_size_ = 0;
  std::string converted_;  // the packed model of a file of version 1
};

}  // namespace wasm_ml
