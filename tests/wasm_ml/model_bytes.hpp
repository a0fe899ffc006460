// Model files made byte for byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "crc32.hpp"
#include "forest.hpp"
#include "model_layout.hpp"

namespace wasm_ml {

// Makes the length right again, and the checksum, which is of the first `n_checked` bytes.
inline std::string sealed(std::string bytes, std::size_t n_checked = std::string::npos) {
  const std::uint64_t size = bytes.size();
  std::memcpy(bytes.data() + offsetof(layout::Prefix, file_size), &size, sizeof(size));
  const std::uint32_t checksum = crc32(std::string_view(bytes).substr(0, n_checked).substr(layout::kChecked));
  std::memcpy(bytes.data() + offsetof(layout::Prefix, checksum), &checksum, sizeof(checksum));
  return bytes;
}

// A version 1 file, as wasm_ml 0.1 wrote it.
inline std::string version_1_bytes(const Forest& forest) {
  std::string bytes(layout::kMagic);
  const auto put = [&](const auto& value) { bytes.append(reinterpret_cast<const char*>(&value), sizeof(value)); };
  const auto put_text = [&](const std::string& text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes += text;
  };
  const auto put_array = [&](const auto& values) {
    bytes.resize((bytes.size() + layout::kAlignment - 1) / layout::kAlignment * layout::kAlignment, '\0');
    for (const auto& value : values) put(value);
  };
  put(std::uint32_t{1});
  put(std::uint32_t{0});
  put(std::uint64_t{0});
  put(layout::Header{.n_trees = static_cast<std::uint32_t>(forest.tree_offsets.size()),
                     .n_nodes = static_cast<std::uint32_t>(forest.nodes.size()),
                     .n_features = static_cast<std::uint32_t>(forest.feature_names.size()),
                     .n_train_rows = forest.n_train_rows,
                     .max_depth = forest.params.max_depth,
                     .max_features = forest.params.max_features,
                     .min_samples_split = forest.params.min_samples_split,
                     .min_samples_leaf = forest.params.min_samples_leaf,
                     .seed = forest.params.seed,
                     .reserved = 0});
  put_text(forest.target_name);
  for (const std::string& name : forest.feature_names) put_text(name);
  put_array(forest.tree_offsets);
  put_array(forest.nodes);
  return sealed(bytes);
}

// A version 2 file of these parts.
inline std::string version_2_bytes(std::string_view info, std::string_view packed) {
  std::string bytes(layout::kMagic);
  const auto put = [&](const auto& value) { bytes.append(reinterpret_cast<const char*>(&value), sizeof(value)); };
  put(std::uint32_t{2});
  put(std::uint32_t{0});
  put(std::uint64_t{0});
  put(std::uint64_t{info.size()});
  bytes += info;
  bytes.resize((bytes.size() + layout::kAlignment - 1) / layout::kAlignment * layout::kAlignment, '\0');
  const std::size_t n_checked = bytes.size();
  bytes += packed;
  return sealed(bytes, n_checked);
}

}  // namespace wasm_ml
