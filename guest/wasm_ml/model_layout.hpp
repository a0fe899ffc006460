// The fixed parts of a model file as they lie in it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wasm_ml::layout {

// Both the machines that write these files and those that read them are little
// endian; the file is, whatever they are.
static_assert(std::endian::native == std::endian::little, "the structs below are read and written as they are");

// As PNG's: bytes that a transfer as text would damage.
inline constexpr std::string_view kMagic = "\x89WMLRF\r\n";

// How files of any version begin.
struct Prefix {
  char magic[8];
  std::uint32_t version;
  std::uint32_t checksum;   // CRC-32 of all bytes after it; from version 2 on, of those before the packed model
  std::uint64_t file_size;  // of the whole file, in bytes
};
static_assert(sizeof(Prefix) == 24);
inline constexpr std::size_t kChecked = offsetof(Prefix, file_size);  // where the checksummed bytes begin

// Of version 1.
struct Header {
  std::uint32_t n_trees;
  std::uint32_t n_nodes;
  std::uint32_t n_features;
  std::uint32_t n_train_rows;
  std::uint32_t max_depth;
  std::uint32_t max_features;
  std::uint32_t min_samples_split;
  std::uint32_t min_samples_leaf;
  std::uint32_t seed;
  std::uint32_t reserved;  // 0
};
static_assert(sizeof(Header) == 40);

// Sections of numbers begin at multiples of this, zeros before them.
inline constexpr std::size_t kAlignment = 16;

}  // namespace wasm_ml::layout
