#include "backend/cuda/kernels/average.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "backend/cuda/kernels.hpp"
#include "backend/cuda/launch_sizes.hpp"
#include "backend/cuda/modules.hpp"
#include "backend/cuda/pieces.hpp"

namespace gpu_host::cuda {
namespace {

// So many that each lane has 2 to 4 vectors to read, as long as there are so many in a warp.
constexpr u32 kElementsOfLane = 16;
// The parts of long rows: large enough for a block to be worth its start, few enough for a warp to add up.
constexpr std::uint64_t kLeastPart = 16384;
constexpr std::uint64_t kMostParts = 1024;

GpuResult<void> average_short(Queue& queue, const AverageParams& params, const CudaBuffer& input,
                              const CudaBuffer& output) {
  const u32 lanes = std::bit_ceil(std::min(low(divide_up(params.n_trees, kElementsOfLane)), 32U));
  const auto launch_rows = [&](std::uint64_t first, std::uint64_t end) {
    const AverageRowsLaunch launch{.input = input.pointer<float>(),
                                   .output = output.pointer<float>(),
                                   .first = first,
                                   .end = end,
                                   .n_trees = params.n_trees,
                                   .lanes = lanes};
    const Grid grid{.x = low(divide_up(end - first, kBlockThreads / lanes))};
    return queue.launch(Kernel{&modules::average, "average_rows"}, grid, launch, (end - first) * params.n_trees);
  };
  return for_pieces(params.n_samples, 1, queue.max_work() / params.n_trees, launch_rows);
}

GpuResult<void> average_long(Queue& queue, const AverageParams& params, const CudaBuffer& input,
                             const CudaBuffer& output) {
  const std::uint64_t part_size = std::max(kLeastPart, divide_up(divide_up(params.n_trees, kMostParts), 4) * 4);
  const std::uint64_t parts_per_row = divide_up(params.n_trees, part_size);
  const std::uint64_t n_parts = params.n_samples * parts_per_row;
  const auto parts = queue.allocate(n_parts * sizeof(double));
  if (!parts) return std::unexpected(parts.error());

  const auto launch_parts = [&](std::uint64_t first, std::uint64_t end) {
    const AveragePartsLaunch launch{.input = input.pointer<float>(),
                                    .parts = device_pointer<double>(parts->address()),
                                    .first = first,
                                    .n_trees = params.n_trees,
                                    .part_size = low(part_size),
                                    .parts_per_row = low(parts_per_row)};
    const std::uint64_t work = (end - first) * std::min<std::uint64_t>(part_size, params.n_trees);
    return queue.launch(Kernel{&modules::average, "average_parts"}, Grid{.x = low(end - first)}, launch, work);
  };
  auto launched = for_pieces(n_parts, 1, queue.max_work() / part_size, launch_parts);
  if (!launched) return launched;

  const auto launch_rows = [&](std::uint64_t first, std::uint64_t end) {
    const AverageOfPartsLaunch launch{.parts = device_pointer<double>(parts->address()),
                                      .output = output.pointer<float>(),
                                      .first = first,
                                      .end = end,
                                      .n_trees = params.n_trees,
                                      .parts_per_row = low(parts_per_row)};
    const Grid grid{.x = low(divide_up(end - first, kBlockThreads / 32))};
    return queue.launch(Kernel{&modules::average, "average_of_parts"}, grid, launch, (end - first) * parts_per_row);
  };
  return for_pieces(params.n_samples, 1, queue.max_work() / parts_per_row, launch_rows);
}

}  // namespace

GpuResult<void> average(Queue& queue, const AverageParams& params, const CudaBuffer& tree_predictions,
                        const CudaBuffer& output) {
  if (params.n_samples == 0) return {};
  const auto run = params.n_trees <= kMostShortRow ? average_short : average_long;
  return run(queue, params, tree_predictions, output);
}

}  // namespace gpu_host::cuda
