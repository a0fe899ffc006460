#include <algorithm>

#include "backend/webgpu/kernels.hpp"
#include "backend/webgpu/reduce_range.hpp"
#include "backend/webgpu/shaders.hpp"

namespace gpu_host::webgpu {
namespace {

// As in the shader.
struct Parameters {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
  std::uint32_t place = 0;
  std::uint32_t totals = 0;
  std::uint32_t count = 0;
};
constexpr std::uint64_t kTile = 4096;
constexpr std::uint64_t kTotalWords = 6;

// Enough to keep a large device busy. How elements are shared out to them depends on
// their number alone, so a result has the same bits every time.
constexpr std::uint64_t kMostWorkgroups = 1024;

std::uint64_t workgroups_for(std::uint64_t count) {
  return std::clamp<std::uint64_t>(count / kTile, 1, kMostWorkgroups);
}

}  // namespace

GpuResult<void> reduce_range(Commands& commands, ReduceOp op, const WebGpuBuffer& input, std::uint64_t first,
                             std::uint32_t count, const WebGpuBuffer& output, std::uint64_t place) {
  const std::uint64_t step = std::min(commands.max_window(), commands.max_work()) / kTile * kTile;
  std::uint64_t n_totals = 0;
  for (std::uint64_t done = 0; done < count; done += step) n_totals += workgroups_for(std::min(step, count - done));
  // The first one is the centre of a variance.
  const auto totals = commands.scratch((1 + n_totals) * kTotalWords * sizeof(float));
  if (!totals) return std::unexpected(totals.error());
  const Binding bound_totals = commands.window(1, **totals, 0, (1 + n_totals) * kTotalWords).binding;

  const auto kernel = [&](const char* entry_point, ReduceOp operation) {
    return Kernel{.shader = commands.gpu().limits().has_subgroups ? &shaders::reduce_subgroups : &shaders::reduce,
                  .entry_point = entry_point,
                  .constants = {{{.name = "operation", .value = static_cast<double>(operation)}}}};
  };
  const auto pass_1 = [&](ReduceOp operation) -> GpuResult<void> {
    std::uint64_t target = 1;
    for (std::uint64_t done = 0; done < count; done += step) {
      const std::uint64_t elements = std::min(step, count - done);
      const auto workgroups = static_cast<std::uint32_t>(workgroups_for(elements));
      const Window window = commands.window(0, input, first + done, elements);
      const Parameters parameters{.first = window.first,
                                  .end = static_cast<std::uint32_t>(window.first + elements),
                                  .place = static_cast<std::uint32_t>(target)};
      auto launched = commands.launch(kernel("partial_totals", operation), {window.binding, bound_totals},
                                      bytes_of(parameters), Grid{.x = workgroups}, elements);
      if (!launched) return launched;
      target += workgroups;
    }
    return {};
  };

  auto queued = pass_1(op == ReduceOp::variance ? ReduceOp::mean : op);
  if (!queued) return queued;
  Parameters parameters{.totals = static_cast<std::uint32_t>(n_totals), .count = count};
  if (op == ReduceOp::variance) {
    queued = commands.launch(kernel("centre", op), {bound_totals}, bytes_of(parameters), {}, n_totals);
    if (queued) queued = pass_1(op);
    if (!queued) return queued;
  }
  const Window result = commands.window(2, output, place, 1);
  parameters.place = result.first;
  return commands.launch(kernel("result", op), {bound_totals, result.binding}, bytes_of(parameters), {}, n_totals);
}

GpuResult<void> reduce(Commands& commands, const ReduceParams& params, const WebGpuBuffer& input,
                       const WebGpuBuffer& output) {
  return reduce_range(commands, params.op, input, 0, params.n_elements, output, 0);
}

}  // namespace gpu_host::webgpu
