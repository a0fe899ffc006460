#include "backend/cpu/forest/walk_loops.hpp"

// The part from here to the end of HWY_NAMESPACE is compiled once per instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/forest/walk_loops.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gpu_host::cpu::HWY_NAMESPACE {
namespace {

template <bool kMissing>
HWY_INLINE std::uint32_t next(const WalkNode& node, std::uint32_t value) {
  std::uint32_t right = value > node.value ? 1 : 0;
  if constexpr (kMissing) right &= value == kMissingValue && node.missing_left ? 0U : 1U;
  return node.child + right;
}

// kGroup rows after the other. Two levels between looks at whether all have arrived.
template <bool kMissing, std::uint32_t kGroup, class Nodes>
void walk_tile(const Nodes& tree, const std::uint32_t* tile, Poll& poll, TileNodes& nodes) {
  for (std::uint32_t first = 0; first < kTileRows; first += kGroup) {
    const std::uint32_t* const values = tile + first;
    std::array<std::uint32_t, kGroup> at{};
    std::uint32_t moved = 0;
    do {
      for (std::uint32_t r = 0; r < kGroup; ++r) {
        const WalkNode node = tree[at[r]];
        at[r] = next<kMissing>(node, values[node.feature * kTileRows + r]);
      }
      moved = 0;
      for (std::uint32_t r = 0; r < kGroup; ++r) {
        const WalkNode node = tree[at[r]];
        const std::uint32_t to = next<kMissing>(node, values[node.feature * kTileRows + r]);
        moved |= to ^ at[r];
        at[r] = to;
      }
    } while (moved != 0 && !poll.stop(std::uint64_t{2} * kGroup));
    for (std::uint32_t r = 0; r < kGroup; ++r) nodes[first + r] = at[r];
  }
}

template <std::uint32_t kGroup, class Nodes>
void walk_groups(const Nodes& tree, const std::uint32_t* values, bool has_missing, Poll& poll, TileNodes& nodes) {
  if (has_missing) {
    walk_tile<true, kGroup>(tree, values, poll, nodes);
  } else {
    walk_tile<false, kGroup>(tree, values, poll, nodes);
  }
}

template <class Nodes>
void tile(Nodes tree, const std::uint32_t* values, bool has_missing, bool is_small, Poll& poll, TileNodes& nodes) {
  if (is_small) {
    walk_groups<8>(tree, values, has_missing, poll, nodes);
  } else {
    walk_groups<kTileRows>(tree, values, has_missing, poll, nodes);
  }
}

template <bool kMissing, class Nodes>
void walk_row(const Nodes& forest, const std::array<std::uint64_t, kTreesAtOnce>& offsets, const std::uint32_t* row,
              Poll& poll, RowNodes& nodes) {
  std::uint32_t moved = 0;
  do {
    moved = 0;
    for (std::uint32_t t = 0; t < kTreesAtOnce; ++t) {
      const WalkNode node = forest[offsets[t] + nodes[t]];
      const std::uint32_t to = next<kMissing>(node, row[node.feature]);
      moved |= to ^ nodes[t];
      nodes[t] = to;
    }
  } while (moved != 0 && !poll.stop(kTreesAtOnce));
}

template <class Nodes>
void row(Nodes forest, std::span<const std::uint64_t> offsets, const std::uint32_t* values, bool has_missing,
         Poll& poll, RowNodes& nodes) {
  std::array<std::uint64_t, kTreesAtOnce> roots;
  for (std::uint32_t t = 0; t < kTreesAtOnce; ++t) roots[t] = offsets[t < offsets.size() ? t : 0];
  RowNodes at{};
  if (has_missing) {
    walk_row<true>(forest, roots, values, poll, at);
  } else {
    walk_row<false>(forest, roots, values, poll, at);
  }
  nodes = at;
}

const WalkLoops& loops() {
  static constexpr WalkLoops kLoops{.tile_narrow = tile<NarrowNodes>,
                                    .tile_wide = tile<WideNodes>,
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
