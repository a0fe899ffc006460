#include "model_file.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "byte_reader.hpp"
#include "crc32.hpp"
#include "files.hpp"
#include "model_layout.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

using layout::Header;
using layout::Prefix;

template <class T>
void append(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <class T>
void append_array(std::string& bytes, const std::vector<T>& values) {
  bytes.append((layout::kAlignment - bytes.size() % layout::kAlignment) % layout::kAlignment, '\0');
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

void append_text(std::string& bytes, const std::string& text) {
  append(bytes, static_cast<std::uint32_t>(text.size()));
  bytes += text;
}

unsigned long long printable(std::uint64_t value) { return value; }

// What can be said before anything inside is believed.
Result<void> check_prefix(std::string_view bytes) {
  if (bytes.empty()) return fail("the file is empty");
  if (!bytes.starts_with(layout::kMagic.substr(0, bytes.size()))) {
    return fail("not a model of wasm_ml: it does not begin with the format's signature");
  }
  Prefix prefix{};
  if (!ByteReader(bytes).read(prefix)) {
    return fail(format("truncated: %zu bytes, the smallest model has more", bytes.size()));
  }
  if (prefix.version != kModelVersion) {
    return fail(format("format version %llu; this program reads version %llu", printable(prefix.version),
                       printable(kModelVersion)));
  }
  if (prefix.file_size > bytes.size()) {
    return fail(format("truncated: %zu of %llu bytes", bytes.size(), printable(prefix.file_size)));
  }
  if (prefix.file_size < bytes.size()) {
    return fail(format("%zu bytes, but its header says %llu", bytes.size(), printable(prefix.file_size)));
  }
  const std::uint32_t checksum = crc32(bytes.substr(layout::kChecked));
  if (checksum != prefix.checksum) {
    return fail(format("corrupted: the checksum is %08llx, the header says %08llx", printable(checksum),
                       printable(prefix.checksum)));
  }
  return {};
}

Result<void> check_header(const Header& header) {
  if (header.n_trees == 0) return fail("it says that it has no trees");
  if (header.n_nodes < header.n_trees) return fail("it says that it has fewer nodes than trees");
  if (header.n_features == 0) return fail("it says that it has no features");
  if (header.max_features > header.n_features) return fail("max_features is more than the features");
  if (header.reserved != 0) return fail("a reserved field is not zero");
  return {};
}

Result<void> check_names(const std::vector<std::string>& names) {
  std::vector<std::string> sorted = names;
  std::ranges::sort(sorted);
  if (sorted.front().empty()) return fail("a feature has no name");
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice != sorted.end()) return fail("two features have the name " + quoted(*twice));
  return {};
}

Result<Forest> decode(std::string_view bytes) {
  if (auto checked = check_prefix(bytes); !checked) return std::unexpected(std::move(checked.error()));
  ByteReader reader(bytes);
  Prefix prefix{};
  Header header{};
  if (!reader.read(prefix) || !reader.read(header)) return fail("its header is incomplete");
  if (auto checked = check_header(header); !checked) return std::unexpected(std::move(checked.error()));

  Forest forest;
  forest.params = {.n_trees = header.n_trees,
                   .max_depth = header.max_depth,
                   .max_features = header.max_features,
                   .min_samples_split = header.min_samples_split,
                   .min_samples_leaf = header.min_samples_leaf,
                   .seed = header.seed};
  forest.n_train_rows = header.n_train_rows;
  const auto too_long = [](const char* what) { return fail(std::string(what) + " do not fit into the file"); };
  if (!reader.read_text(forest.target_name)) return too_long("the names");
  // A name takes its length's 4 bytes at least: this bounds what is allocated.
  if (header.n_features > reader.remaining() / sizeof(std::uint32_t)) return too_long("the names");
  forest.feature_names.resize(header.n_features);
  for (std::string& name : forest.feature_names) {
    if (!reader.read_text(name)) return too_long("the names");
  }
  if (auto checked = check_names(forest.feature_names); !checked) return std::unexpected(std::move(checked.error()));
  if (!reader.align(layout::kAlignment)) return fail("the padding after the names is not zeros");
  if (!reader.read_array(forest.tree_offsets, header.n_trees)) return too_long("the trees");
  if (!reader.align(layout::kAlignment)) return fail("the padding after the trees is not zeros");
  if (!reader.read_array(forest.nodes, header.n_nodes)) return too_long("the nodes");
  if (reader.remaining() != 0) return fail(format("%zu bytes follow the last node", reader.remaining()));
  auto depth = check_structure(forest);
  if (!depth) return std::unexpected(std::move(depth.error()));
  forest.depth = *depth;
  return forest;
}

}  // namespace

std::string encode_model(const Forest& forest) {
  std::string bytes;
  bytes.reserve(forest.nodes.size() * sizeof(TreeNode) + 4096);
  Prefix prefix{.magic = {}, .version = kModelVersion, .checksum = 0, .file_size = 0};
  layout::kMagic.copy(prefix.magic, sizeof(prefix.magic));
  append(bytes, prefix);
  append(bytes, Header{.n_trees = static_cast<std::uint32_t>(forest.tree_offsets.size()),
                       .n_nodes = static_cast<std::uint32_t>(forest.nodes.size()),
                       .n_features = static_cast<std::uint32_t>(forest.feature_names.size()),
                       .n_train_rows = forest.n_train_rows,
                       .max_depth = forest.params.max_depth,
                       .max_features = forest.params.max_features,
                       .min_samples_split = forest.params.min_samples_split,
                       .min_samples_leaf = forest.params.min_samples_leaf,
                       .seed = forest.params.seed,
                       .reserved = 0});
  append_text(bytes, forest.target_name);
  for (const std::string& name : forest.feature_names) append_text(bytes, name);
  append_array(bytes, forest.tree_offsets);
  append_array(bytes, forest.nodes);

  prefix.file_size = bytes.size();
  std::memcpy(bytes.data(), &prefix, sizeof(prefix));
  prefix.checksum = crc32(std::string_view(bytes).substr(layout::kChecked));
  std::memcpy(bytes.data(), &prefix, sizeof(prefix));
  return bytes;
}

Result<Forest> decode_model(const std::string& name, std::string_view bytes) {
  auto forest = decode(bytes);
  if (!forest) return fail("model " + quoted(name) + ": " + forest.error().message);
  return forest;
}

Result<void> save_model(const std::string& path, const Forest& forest) {
  return write_file(path, encode_model(forest));
}

Result<Forest> load_model(const std::string& path) {
  const auto bytes = read_file(path);
  if (!bytes) return std::unexpected(bytes.error());
  return decode_model(path, *bytes);
}

}  // namespace wasm_ml
