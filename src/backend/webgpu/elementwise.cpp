#include <algorithm>
#include <utility>
#include <vector>

#include "backend/webgpu/kernels.hpp"
#include "backend/webgpu/shaders.hpp"

namespace gpu_host::webgpu {
namespace {

// As in the shader.
struct Parameters {
  std::uint32_t count;
};
constexpr std::uint64_t kPerWorkgroup = 4096;

}  // namespace

GpuResult<void> elementwise(Commands& commands, const ElementwiseParams& params, const WebGpuBuffer& input_a,
                            const WebGpuBuffer* input_b, const WebGpuBuffer& output) {
  const WebGpuBuffer* first = &input_a;
  const WebGpuBuffer* second = input_b == &input_a ? nullptr : input_b;
  if (second == &output) std::swap(first, second);  // binary operations commute
  // The output is bound once, as what is both read and written.
  const bool in_place = first == &output;
  const char* const in_place_entry = second != nullptr ? "two_in_place" : "one_in_place";
  const char* const entry = second != nullptr ? "two_inputs" : "one_input";
  const Kernel kernel{.shader = &shaders::elementwise,
                      .entry_point = in_place ? in_place_entry : entry,
                      .constants = {{{.name = "operation", .value = static_cast<double>(params.op)}}}};

  // Every window begins where a binding can.
  const std::uint64_t step = std::min(commands.max_window(), commands.max_work()) / kPerWorkgroup * kPerWorkgroup;
  for (std::uint64_t begin = 0; begin < params.n_elements; begin += step) {
    const std::uint64_t count = std::min(step, params.n_elements - begin);
    std::vector<Binding> bindings = {commands.window(2, output, begin, count).binding};
    if (!in_place) bindings.push_back(commands.window(0, *first, begin, count).binding);
    if (second != nullptr) bindings.push_back(commands.window(1, *second, begin, count).binding);
    auto launched = commands.launch(kernel, bindings, bytes_of(Parameters{static_cast<std::uint32_t>(count)}),
                                    line_of((count + kPerWorkgroup - 1) / kPerWorkgroup), count);
    if (!launched) return launched;
  }
  return {};
}

}  // namespace gpu_host::webgpu
