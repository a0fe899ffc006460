#include "forest.hpp"

#include <array>
#include <fstream>
#include <vector>

namespace gpu_host::bench {
namespace {

struct Range {
  float low = 0;
  float high = 1;
};

// Grows one tree into `nodes`, in preorder.
class Grower {
 public:
  Grower(std::span<Node> nodes, std::uint32_t n_features, std::mt19937& random)
      : nodes_(nodes), ranges_(n_features), random_(random) {}

  // What can reach the node lies in ranges_. Returns its number.
  std::uint32_t grow(std::uint32_t depth) {
    const std::uint32_t at = next_++;
    if (depth == 0) {
      nodes_[at] = {-1, number(-5, 5), 0, 0};
      return at;
    }
    const auto feature = static_cast<std::uint32_t>(random_() % ranges_.size());
    const Range range = ranges_[feature];
    const float threshold =
        number(range.low + 0.3F * (range.high - range.low), range.low + 0.7F * (range.high - range.low));
    ranges_[feature].high = threshold;
    const std::uint32_t left = grow(depth - 1);
    ranges_[feature] = {threshold, range.high};
    const std::uint32_t right = grow(depth - 1);
    ranges_[feature] = range;
    nodes_[at] = {static_cast<std::int32_t>(feature), threshold, left, right};
    return at;
  }

 private:
  float number(float low, float high) { return std::uniform_real_distribution<float>(low, high)(random_); }

  std::span<Node> nodes_;
  std::vector<Range> ranges_;
  std::mt19937& random_;
  std::uint32_t next_ = 0;
};

}  // namespace

Forest make_forest(std::uint32_t n_trees, std::uint32_t depth, std::uint32_t n_rows, std::uint32_t n_features) {
  const std::uint32_t tree_size = (2u << depth) - 1;
  Forest forest{n_features, Array<Node>(std::size_t{n_trees} * tree_size), Array<std::uint32_t>(n_trees),
                random_floats(std::size_t{n_rows} * n_features, 0, 1)};
  std::mt19937 random(1);
  for (std::uint32_t tree = 0; tree < n_trees; ++tree) {
    forest.offsets[tree] = tree * tree_size;
    Grower({&forest.nodes[forest.offsets[tree]], tree_size}, n_features, random).grow(depth);
  }
  return forest;
}

void write_forest(const Forest& forest, const std::filesystem::path& file) {
  std::ofstream out(file, std::ios::binary);
  out.exceptions(std::ios::failbit | std::ios::badbit);
  const auto write = [&](std::span<const std::byte> bytes) {
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  const std::array<std::uint32_t, 4> header{static_cast<std::uint32_t>(forest.offsets.size()), forest.n_features,
                                            static_cast<std::uint32_t>(forest.rows.size() / forest.n_features),
                                            static_cast<std::uint32_t>(forest.nodes.size())};
  write(std::as_bytes(std::span(header)));
  write(forest.offsets.bytes());
  write(forest.nodes.bytes());
  write(forest.rows.bytes());
  out.close();
}

}  // namespace gpu_host::bench
