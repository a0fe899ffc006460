// The inner loops that read packed nodes: compiled for each instruction set.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "backend/cpu/forest/model_trees.hpp"
#include "backend/cpu/forest/walk_nodes.hpp"

namespace gpu_host::cpu {

// As many as a word has bits.
inline constexpr std::uint32_t kWordNodes = 64;

// Up to kWordNodes inner nodes of a tree, as they lie in a packed model.
struct PackedInner {
  const std::byte* features;
  std::uint8_t feature_bytes;  // 1 or 2
  const std::byte* thresholds;
  std::uint64_t missing;  // a bit of each
  std::uint32_t n;
  std::uint32_t first_child;  // in the tree
  std::uint32_t n_features;   // of the model
};

// Of narrow nodes.
struct UnpackedNodes {
  std::array<std::uint32_t, kWordNodes> values;
  std::array<std::uint32_t, kWordNodes> bits;
};

// Each says whether nothing is wrong with any of them.
struct UnpackLoops {
  bool (*inner)(const PackedInner& packed, const NarrowNodes& tree, UnpackedNodes& to);
  // Of leaves.
  bool (*numbers)(const std::byte* packed, std::uint32_t n, Magnitudes& magnitudes);
};

[[nodiscard]] const UnpackLoops& unpack_loops();

}  // namespace gpu_host::cpu
