#include "backend/cuda/kernels/reduce.hpp"

#include <algorithm>
#include <utility>

#include "backend/cuda/kernels.hpp"
#include "backend/cuda/launch_sizes.hpp"
#include "backend/cuda/modules.hpp"
#include "backend/cuda/pieces.hpp"

namespace gpu_host::cuda {
namespace {

class Reduction {
 public:
  Reduction(Queue& queue, std::uint64_t n_elements, const CudaBuffer& input)
      : queue_(queue), input_(input.pointer<float>()), n_elements_(n_elements) {}

  [[nodiscard]] GpuResult<void> prepare() {
    const std::uint64_t tiles_of_launch = std::max<std::uint64_t>(queue_.max_work() / kReduceTile, 1);
    n_parts_ = low(std::min({divide_up(n_elements_, kReduceTile), tiles_of_launch, std::uint64_t{queue_.full_grid()}}));
    auto scratch = queue_.allocate((std::uint64_t{1} + n_parts_) * sizeof(double));
    if (!scratch) return std::unexpected(std::move(scratch.error()));
    scratch_ = std::move(*scratch);
    return {};
  }

  // Writes the value divided by `divisor` to `output`; null: to the mean.
  [[nodiscard]] GpuResult<void> run(Combination combination, std::uint64_t divisor, float* output) {
    const auto launch_piece = [&](std::uint64_t first, std::uint64_t end) {
      const ReducePartsLaunch launch{.input = input_,
                                     .parts = parts(),
                                     .mean = mean(),
                                     .first = static_cast<u32>(first),
                                     .end = static_cast<u32>(end),
                                     .combination = combination,
                                     .is_first = first == 0 ? 1U : 0U};
      const Grid grid{.x = std::min(low(divide_up(end - first, kReduceTile)), n_parts_)};
      return queue_.launch(Kernel{&modules::reduce, "reduce_parts"}, grid, launch, end - first);
    };
    auto launched = for_pieces(n_elements_, kReduceTile, queue_.max_work(), launch_piece);
    if (!launched) return launched;
    const ReduceResultLaunch launch{.parts = parts(),
                                    .output = output,
                                    .mean = mean(),
                                    .divisor = static_cast<double>(divisor),
                                    .n_parts = n_parts_,
                                    .combination = combination};
    return queue_.launch(Kernel{&modules::reduce, "reduce_result"}, Grid{}, launch, std::max(n_parts_, 1U));
  }

 private:
  // The mean lies in front of the parts.
  [[nodiscard]] double* mean() const { return device_pointer<double>(scratch_.address()); }
  [[nodiscard]] double* parts() const { return mean() + 1; }

  Queue& queue_;
  const float* input_;
  std::uint64_t n_elements_;
  u32 n_parts_ = 0;
  DeviceMemory scratch_;
};

}  // namespace

GpuResult<void> reduce(Queue& queue, const ReduceParams& params, const CudaBuffer& input, const CudaBuffer& output) {
  Reduction reduction(queue, params.n_elements, input);
  auto prepared = reduction.prepare();
  if (!prepared) return prepared;
  float* const result = output.pointer<float>();
  switch (params.op) {
    case ReduceOp::sum:
      return reduction.run(Combination::sum, 1, result);
    case ReduceOp::max:
      return reduction.run(Combination::max, 1, result);
    case ReduceOp::min:
      return reduction.run(Combination::min, 1, result);
    case ReduceOp::mean:
      return reduction.run(Combination::sum, params.n_elements, result);
    case ReduceOp::variance:
      break;
  }
  // In a second pass: a large common offset then cancels before squaring.
  auto centred = reduction.run(Combination::sum, params.n_elements, nullptr);
  if (!centred) return centred;
  return reduction.run(Combination::deviations, params.n_elements, result);
}

}  // namespace gpu_host::cuda
