// The loops that walk trees: compiled for each instruction set.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "backend/cpu/forest/walk_nodes.hpp"
#include "backend/cpu/poll.hpp"

namespace gpu_host::cpu {

// Rows that walk a tree together.
inline constexpr std::uint32_t kTileRows = 32;
// Trees that one row walks together.
inline constexpr std::uint32_t kTreesAtOnce = 32;

// The values of rows, kTileRows of them in a tile: feature by feature, as ordered bits, those of leaves last.
struct Tiles {
  const std::uint32_t* values;
  std::size_t n_rows;  // the last tile may have room for more
  std::size_t size;    // values of one
  bool has_missing;    // whether any value may be
};

using RowNodes = std::array<std::uint32_t, kTreesAtOnce>;

// Each gives numbers of nodes in their trees: leaves, unless the poll says to stop. `is_small`: whether the tree, of a
// row the forest, stays in near caches; then fewer walk together, and wait for each other less.
struct WalkLoops {
  void (*tiles_narrow)(NarrowNodes tree, const Tiles& tiles, bool is_small, Poll& poll, std::uint32_t* nodes);
  void (*tiles_wide)(WideNodes tree, const Tiles& tiles, bool is_small, Poll& poll, std::uint32_t* nodes);
  // `offsets` of up to kTreesAtOnce trees in `forest`. `has_missing`: whether any value may be.
  void (*row_narrow)(NarrowNodes forest, std::span<const std::uint64_t> offsets, const std::uint32_t* row,
                     bool has_missing, bool is_small, Poll& poll, RowNodes& nodes);
  void (*row_wide)(WideNodes forest, std::span<const std::uint64_t> offsets, const std::uint32_t* row, bool has_missing,
                   bool is_small, Poll& poll, RowNodes& nodes);

  void tiles(NarrowNodes tree, const Tiles& tiles, bool is_small, Poll& poll, std::uint32_t* nodes) const {
    tiles_narrow(tree, tiles, is_small, poll, nodes);
  }
  void tiles(WideNodes tree, const Tiles& tiles, bool is_small, Poll& poll, std::uint32_t* nodes) const {
    tiles_wide(tree, tiles, is_small, poll, nodes);
  }
  void row(NarrowNodes forest, std::span<const std::uint64_t> offsets, const std::uint32_t* values, bool has_missing,
           bool is_small, Poll& poll, RowNodes& nodes) const {
    row_narrow(forest, offsets, values, has_missing, is_small, poll, nodes);
  }
  void row(WideNodes forest, std::span<const std::uint64_t> offsets, const std::uint32_t* values, bool has_missing,
           bool is_small, Poll& poll, RowNodes& nodes) const {
    row_wide(forest, offsets, values, has_missing, is_small, poll, nodes);
  }
};

[[nodiscard]] const WalkLoops& walk_loops();

}  // namespace gpu_host::cpu
