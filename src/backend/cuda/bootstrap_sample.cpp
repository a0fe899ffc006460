#include "backend/cuda/kernels/bootstrap_sample.hpp"

#include "backend/cuda/kernels.hpp"
#include "backend/cuda/launch_sizes.hpp"
#include "backend/cuda/modules.hpp"
#include "backend/cuda/pieces.hpp"

namespace gpu_host::cuda {

GpuResult<void> bootstrap_sample(Queue& queue, const BootstrapParams& params, const CudaBuffer& output_indices) {
  return for_pieces(params.n_samples, kDrawsPerBlock, queue.max_work(), [&](std::uint64_t first, std::uint64_t end) {
    const DrawLaunch launch{.output = output_indices.pointer<u32>(),
                            .first = static_cast<u32>(first),
                            .end = static_cast<u32>(end),
                            .seed = params.seed,
                            .max_index = params.max_index};
    const Grid grid{.x = low(divide_up(end - first, kDrawsPerBlock))};
    return queue.launch(Kernel{&modules::bootstrap_sample, "draw_indices"}, grid, launch, end - first);
  });
}

}  // namespace gpu_host::cuda
