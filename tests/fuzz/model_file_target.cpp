// The entry that libFuzzer calls for each input, of the module's model files: a byte, and what may be one. Where the
// byte is odd, signature, version, size and checksum are made right.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "crc32.hpp"
#include "model_file.hpp"
#include "model_info_bytes.hpp"
#include "model_layout.hpp"
#include "packed_trees.hpp"

namespace wasm_ml {
namespace {

// What a fuzzer cannot guess. Of version 2 where `version` is, else 1.
void seal(std::string& bytes, bool version_2) {
  if (bytes.size() < sizeof(layout::Prefix) + sizeof(std::uint64_t)) return;
  layout::Prefix prefix{.magic = {}, .version = version_2 ? 2U : 1U, .checksum = 0, .file_size = bytes.size()};
  layout::kMagic.copy(prefix.magic, sizeof(prefix.magic));
  std::memcpy(bytes.data(), &prefix, sizeof(prefix));
  std::uint64_t info_size = 0;
  std::memcpy(&info_size, bytes.data() + sizeof(prefix), sizeof(info_size));
  std::size_t n_checked = bytes.size();
  if (version_2 && info_size < bytes.size()) {
    n_checked = sizeof(prefix) + sizeof(info_size) + static_cast<std::size_t>(info_size) + layout::kAlignment - 1;
    n_checked -= n_checked % layout::kAlignment;
  }
  prefix.checksum = crc32(std::string_view(bytes).substr(0, n_checked).substr(layout::kChecked));
  std::memcpy(bytes.data(), &prefix, sizeof(prefix));
}

void check(bool holds) {
  if (!holds) std::abort();
}

// What can be opened is written as it was read, and trees that can be followed are sound.
void run(const std::string& bytes) {
  auto file = ModelFile::open(ByteSource::of_bytes("model", bytes));
  if (!file) return;
  const auto packed = file->read_packed();
  check(packed.has_value());
  const std::string again = encode_model({.info = file->info(), .packed = *packed});
  if (file->version() == kModelVersion) check(again == bytes);
  auto reopened = ModelFile::open(ByteSource::of_bytes("model", again));
  check(reopened && reopened->read_packed() == *packed);
  check(encode_info(reopened->info()) == encode_info(file->info()));

  const auto summary = summarize(*packed);
  const auto trees = unpack_trees(*packed);
  if (!trees) return;
  check(summary && summary->n_nodes == trees->nodes.size() && summary->depth == trees->depth);
  for (std::size_t tree = 0; tree < trees->tree_offsets.size(); ++tree) {
    const auto nodes = tree_nodes(*trees, tree);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      check(nodes[i].is_leaf() ||
            (nodes[i].left > i && nodes[i].right == nodes[i].left + 1 && nodes[i].right < nodes.size() &&
             static_cast<std::uint32_t>(nodes[i].feature) < summary->n_features));
    }
  }
}

}  // namespace
}  // namespace wasm_ml

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto input = std::span(data, size);
  std::string bytes(input.begin() + 1, input.end());
  if (input[0] % 2 == 1) wasm_ml::seal(bytes, input[0] % 4 == 1);
  wasm_ml::run(bytes);
  return 0;
}
