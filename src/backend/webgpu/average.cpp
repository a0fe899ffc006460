#include <algorithm>
#include <bit>

#include "backend/webgpu/kernels.hpp"
#include "backend/webgpu/reduce_range.hpp"
#include "backend/webgpu/shaders.hpp"

namespace gpu_host::webgpu {
namespace {

// As in the shader.
struct Parameters {
  std::uint32_t first;
  std::uint32_t trees;
  std::uint32_t rows;
  std::uint32_t place;
};
constexpr std::uint32_t kWorkgroup = 256;

// One workgroup is slow with more trees, and with fewer rows the others have nothing to do.
constexpr std::uint32_t kLongRow = 65'536;
constexpr std::uint32_t kManyRows = 512;

// How many lanes share a row: each has two vectors to add at least, else adding up what the
// lanes have is most of the work. A whole workgroup where the rows are too few to fill a device.
std::uint32_t lanes_for(const AverageParams& params) {
  if (params.n_trees >= 512 && params.n_samples < 16'384) return kWorkgroup;
  return std::bit_floor(std::clamp<std::uint32_t>(params.n_trees / 8, 1, 16));
}

}  // namespace

GpuResult<void> average(Commands& commands, const AverageParams& params, const WebGpuBuffer& tree_predictions,
                        const WebGpuBuffer& output) {
  const std::uint64_t trees = params.n_trees;
  const std::uint64_t at_a_time = std::min(commands.max_window(), commands.max_work());
  if (trees > at_a_time || (trees > kLongRow && params.n_samples < kManyRows)) {
    for (std::uint64_t row = 0; row < params.n_samples; ++row) {
      auto reduced = reduce_range(commands, ReduceOp::mean, tree_predictions, row * trees, params.n_trees, output, row);
      if (!reduced) return reduced;
    }
    return {};
  }

  const std::uint32_t lanes = lanes_for(params);
  const Kernel kernel{.shader = &shaders::average,
                      .entry_point = lanes == 1 ? "one_lane" : "several_lanes",
                      .constants = {{{.name = "lanes", .value = static_cast<double>(lanes)}}}};
  const std::uint64_t step = at_a_time / trees;
  for (std::uint64_t row = 0; row < params.n_samples; row += step) {
    const std::uint64_t rows = std::min(step, params.n_samples - row);
    const Window input = commands.window(0, tree_predictions, row * trees, rows * trees);
    const Window means = commands.window(1, output, row, rows);
    const Parameters parameters{
        .first = input.first, .trees = params.n_trees, .rows = static_cast<std::uint32_t>(rows), .place = means.first};
    const std::uint64_t per_workgroup = kWorkgroup / lanes;
    auto launched = commands.launch(kernel, {input.binding, means.binding}, bytes_of(parameters),
                                    line_of((rows + per_workgroup - 1) / per_workgroup), rows * trees);
    if (!launched) return launched;
  }
  return {};
}

}  // namespace gpu_host::webgpu
