#include <algorithm>

#include "backend/webgpu/kernels.hpp"
#include "backend/webgpu/shaders.hpp"

namespace gpu_host::webgpu {
namespace {

// As in the shader.
struct Parameters {
  std::uint32_t seed;
  std::uint32_t max_index;
  std::uint32_t first;
  std::uint32_t count;
};
constexpr std::uint64_t kPerWorkgroup = 1024;

}  // namespace

GpuResult<void> bootstrap_sample(Commands& commands, const BootstrapParams& params,
                                 const WebGpuBuffer& output_indices) {
  const Kernel kernel{.shader = &shaders::bootstrap_sample, .entry_point = "bootstrap_sample"};
  // Every window begins where a binding can.
  const std::uint64_t step = std::min(commands.max_window(), commands.max_work()) / kPerWorkgroup * kPerWorkgroup;
  for (std::uint64_t first = 0; first < params.n_samples; first += step) {
    const std::uint64_t count = std::min(step, params.n_samples - first);
    const Parameters parameters{.seed = params.seed,
                                .max_index = params.max_index,
                                .first = static_cast<std::uint32_t>(first),
                                .count = static_cast<std::uint32_t>(count)};
    auto launched = commands.launch(kernel, {commands.window(0, output_indices, first, count).binding},
                                    bytes_of(parameters), line_of((count + kPerWorkgroup - 1) / kPerWorkgroup), count);
    if (!launched) return launched;
  }
  return {};
}

}  // namespace gpu_host::webgpu
