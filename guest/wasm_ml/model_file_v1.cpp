#include "model_file_v1.hpp"

#include <algorithm>
#include <utility>

#include "byte_reader.hpp"
#include "crc32.hpp"
#include "model_layout.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

using layout::Header;
using layout::Prefix;

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

}  // namespace

Result<Forest> decode_model_v1(std::string_view bytes) {
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

}  // namespace wasm_ml
