// The loops that walk trees: compiled for each instruction set.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "backend/cpu/forest/walk_nodes.hpp"
#include "backend/cpu/poll.hpp"

namespace gpu_host::cpu {

// Rows that walk a tree together: their values lie feature by feature, as ordered bits, those of leaves' last.
inline constexpr std::uint32_t kTileRows = 32;
// Trees that one row walks together.
inline constexpr std::uint32_t kTreesAtOnce = 16;

using TileNodes = std::array<std::uint32_t, kTileRows>;
using RowNodes = std::array<std::uint32_t, kTreesAtOnce>;

// Each gives numbers of nodes in their trees: leaves, unless the poll says to stop. `has_missing`: whether any value
// may be missing. `is_small`: whether the tree stays in the nearest cache; then fewer rows walk together, and wait for
// each other less.
struct WalkLoops {
  void (*tile_narrow)(NarrowNodes tree, const std::uint32_t* tile, bool has_missing, bool is_small, Poll& poll,
                      TileNodes& nodes);
  void (*tile_wide)(WideNodes tree, const std::uint32_t* tile, bool has_missing, bool is_small, Poll& poll,
                    TileNodes& nodes);
  // `offsets` of up to kTreesAtOnce trees in `forest`.
  void (*row_narrow)(NarrowNodes forest, std::span<const std::uint64_t> offsets, const std::uint32_t* row,
                     bool has_missing, Poll& poll, RowNodes& nodes);
  void (*row_wide)(WideNodes forest, std::span<const std::uint64_t> offsets, const std::uint32_t* row, bool has_missing,
                   Poll& poll, RowNodes& nodes);

  void tile(NarrowNodes tree, const std::uint32_t* values, bool has_missing, bool is_small, Poll& poll,
            TileNodes& nodes) const {
    tile_narrow(tree, values, has_missing, is_small, poll, nodes);
  }
  void tile(WideNodes tree, const std::uint32_t* values, bool has_missing, bool is_small, Poll& poll,
            TileNodes& nodes) const {
    tile_wide(tree, values, has_missing, is_small, poll, nodes);
  }
  void row(NarrowNodes forest, std::span<const std::uint64_t> offsets, const std::uint32_t* values, bool has_missing,
           Poll& poll, RowNodes& nodes) const {
    row_narrow(forest, offsets, values, has_missing, poll, nodes);
  }
  void row(WideNodes forest, std::span<const std::uint64_t> offsets, const std::uint32_t* values, bool has_missing,
           Poll& poll, RowNodes& nodes) const {
    row_wide(forest, offsets, values, has_missing, poll, nodes);
  }
};

[[nodiscard]] const WalkLoops& walk_loops();

}  // namespace gpu_host::cpu
