// Trees to and from bytes (docs/packed-model.md).
#pragma once

#include <cstddef>
#include <span>

#include "backend/cpu/forest/model_trees.hpp"
#include "backend/cpu/parallel.hpp"
#include "backend/forest_engine.hpp"
#include "backend/memory_budget.hpp"
#include "forest/packed_model.hpp"

namespace gpu_host::cpu {

// Of parts that the trees have.
[[nodiscard]] forest::PackedLayout layout_of(const ModelTrees& trees, PackedParts parts);

// `to` has the layout's size. In part once the workers are told to stop.
void pack(const ModelTrees& trees, const forest::PackedLayout& layout, std::span<std::byte> to, Workers& workers);

// The trees' memory goes to `charge`.
[[nodiscard]] GpuResult<ModelTrees> unpack(std::span<const std::byte> from, MemoryCharge& charge, Workers& workers);

}  // namespace gpu_host::cpu
