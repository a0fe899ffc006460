#include "backend/cpu/forest/walk_loops.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

// The part from here to the end of HWY_NAMESPACE is compiled once per instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/forest/walk_loops.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gpu_host::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Where a row with such a value goes from the node. A missing one, the highest, wraps to the lowest where it goes left.
template <bool kMissing>
HWY_INLINE std::uint32_t next(const WalkNode& node, std::uint32_t value) {
  std::uint32_t bound = node.value;
  if constexpr (kMissing) {
    const std::uint32_t missing_left = node.missing_left ? 1 : 0;
    bound += missing_left;
    value += missing_left;
  }
  std::uint32_t to = node.child;
  if (bound < value) ++to;  // no branch: two instructions
  return to;
}

// The top levels of a tree as a heap: the children of i are 2i and 2i + 1, below leaves there are the leaves again.
constexpr std::uint32_t kTopLevels = 4;
constexpr std::uint32_t kTopNodes = 1 << kTopLevels;

template <bool kMissing>
class TopLevels {
 public:
  template <class Nodes>
  explicit TopLevels(const Nodes& tree) {
    std::array<std::uint32_t, 2 * kTopNodes> at{};
    for (std::size_t i = 1; i < kTopNodes; ++i) {
      const WalkNode node = tree[at[i]];
      const bool is_leaf = node.child == at[i];
      columns_[i] = node.feature * kTileRows;
      missing_[i] = kMissing && node.missing_left ? 1 : 0;
      bounds_[i] = is_leaf ? 0 : node.value + 1 + missing_[i];
      at[2 * i] = node.child;
      at[2 * i + 1] = node.child + (is_leaf ? 0 : 1);
    }
    for (std::size_t i = 0; i < kTopNodes; ++i) ends_[i] = at[kTopNodes + i];
  }

  // Where the rows of a tile are after them.
  void walk(const std::uint32_t* tile, std::uint32_t* at) const {
    const hn::CappedTag<std::uint32_t, kTileRows> d;
    for (std::uint32_t first = 0; first < kTileRows; first += static_cast<std::uint32_t>(hn::Lanes(d))) {
      hn::StoreU(below<1>(d, tile + first), d, at + first);
    }
  }

 private:
  template <std::uint32_t kNode, class D>
  HWY_INLINE hn::Vec<D> below(D d, const std::uint32_t* values) const {
    if constexpr (kNode >= kTopNodes) {
      return hn::Set(d, ends_[kNode - kTopNodes]);
    } else {
      auto value = hn::LoadU(d, values + columns_[kNode]);
      if constexpr (kMissing) value = hn::Add(value, hn::Set(d, missing_[kNode]));
      return hn::IfThenElse(hn::Lt(value, hn::Set(d, bounds_[kNode])), below<2 * kNode>(d, values),
                            below<2 * kNode + 1>(d, values));
    }
  }

  std::array<std::uint32_t, kTopNodes> columns_;
  std::array<std::uint32_t, kTopNodes> missing_;
  std::array<std::uint32_t, kTopNodes> bounds_;  // lower values go left
  std::array<std::uint32_t, kTopNodes> ends_;
};

// kGroup rows after the other. Two levels between looks at whether all have arrived.
template <bool kMissing, std::uint32_t kGroup, class Nodes>
void walk_tile(const Nodes& tree, const std::uint32_t* tile, std::size_t n_rows, Poll& poll, std::uint32_t* nodes) {
  // Compilers make vectors of many rows, with 32 bits; of few they keep all in registers, and 64 bits save an addition.
  using Column = std::conditional_t<kGroup == kTileRows, std::uint32_t, std::size_t>;
  for (std::uint32_t first = 0; first < n_rows; first += kGroup) {
    const std::uint32_t* const values = tile + first;
    std::array<std::uint32_t, kGroup> at;
    for (std::uint32_t r = 0; r < kGroup; ++r) at[r] = nodes[first + r];
    std::uint32_t moved = 0;
    do {
      for (std::uint32_t r = 0; r < kGroup; ++r) {
        const WalkNode node = tree[at[r]];
        at[r] = next<kMissing>(node, values[Column{node.feature} * kTileRows + r]);
      }
      moved = 0;
      for (std::uint32_t r = 0; r < kGroup; ++r) {
        const WalkNode node = tree[at[r]];
        const std::uint32_t to = next<kMissing>(node, values[Column{node.feature} * kTileRows + r]);
        moved |= to ^ at[r];
        at[r] = to;
      }
    } while (moved != 0 && !poll.stop(std::uint64_t{2} * kGroup));
    for (std::uint32_t r = 0; r < kGroup; ++r) nodes[first + r] = at[r];
  }
}

template <bool kMissing, std::uint32_t kGroup, class Nodes>
void walk_tiles(const Nodes& tree, const Tiles& tiles, Poll& poll, std::uint32_t* nodes) {
  const TopLevels<kMissing> top(tree);
  for (std::size_t first = 0; first < tiles.n_rows; first += kTileRows) {
    const std::uint32_t* const values = tiles.values + first / kTileRows * tiles.size;
    top.walk(values, nodes + first);
    walk_tile<kMissing, kGroup>(tree, values, std::min<std::size_t>(kTileRows, tiles.n_rows - first), poll,
                                nodes + first);
  }
}

template <class Nodes>
void tiles(Nodes tree, const Tiles& tiles, bool is_small, Poll& poll, std::uint32_t* nodes) {
  constexpr std::uint32_t kFew = 8;
  if (tiles.has_missing) {
    (is_small ? walk_tiles<true, kFew, Nodes> : walk_tiles<true, kTileRows, Nodes>)(tree, tiles, poll, nodes);
  } else {
    (is_small ? walk_tiles<false, kFew, Nodes> : walk_tiles<false, kTileRows, Nodes>)(tree, tiles, poll, nodes);
  }
}

template <bool kMissing, bool kIsSmall, class Nodes>
void walk_row(const Nodes& forest, std::span<const std::uint64_t> offsets, const std::uint32_t* row, Poll& poll,
              RowNodes& nodes) {
  constexpr std::uint32_t kGroup = kIsSmall ? 16 : kTreesAtOnce;
  for (std::uint32_t first = 0; first < offsets.size(); first += kGroup) {
    std::array<std::uint64_t, kGroup> roots;
    for (std::uint32_t t = 0; t < kGroup; ++t) roots[t] = offsets[first + t < offsets.size() ? first + t : 0];
    std::array<std::uint32_t, kGroup> at{};
    std::uint32_t moved = 0;
    do {
      moved = 0;
      for (std::uint32_t t = 0; t < kGroup; ++t) {
        const WalkNode node = forest[roots[t] + at[t]];
        const std::uint32_t to = next<kMissing>(node, row[node.feature]);
        moved |= to ^ at[t];
        at[t] = to;
        // It comes while the other trees take their turns.
        if constexpr (!kIsSmall) forest.prefetch(roots[t] + to);
      }
    } while (moved != 0 && !poll.stop(kGroup));
    std::ranges::copy(at, nodes.begin() + first);
  }
}

template <class Nodes>
void row(Nodes forest, std::span<const std::uint64_t> offsets, const std::uint32_t* values, bool has_missing,
         bool is_small, Poll& poll, RowNodes& nodes) {
  if (has_missing) {
    (is_small ? walk_row<true, true, Nodes> : walk_row<true, false, Nodes>)(forest, offsets, values, poll, nodes);
  } else {
    (is_small ? walk_row<false, true, Nodes> : walk_row<false, false, Nodes>)(forest, offsets, values, poll, nodes);
  }
}

const WalkLoops& loops() {
  static constexpr WalkLoops kLoops{.tiles_narrow = tiles<NarrowNodes>,
                                    .tiles_wide = tiles<WideNodes>,
                                    .row_narrow = row<NarrowNodes>,
                                    .row_wide = row<WideNodes>};
  return kLoops;
}

}  // namespace
}  // namespace gpu_host::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gpu_host::cpu {
namespace {

HWY_EXPORT(loops);

}  // namespace

const WalkLoops& walk_loops() { return HWY_DYNAMIC_DISPATCH(loops)(); }

}  // namespace gpu_host::cpu
#endif  // HWY_ONCE
