#include "backend/cuda/kernels/elementwise.hpp"

#include "backend/cuda/kernels.hpp"
#include "backend/cuda/launch_sizes.hpp"
#include "backend/cuda/modules.hpp"
#include "backend/cuda/pieces.hpp"

namespace gpu_host::cuda {

GpuResult<void> elementwise(Queue& queue, const ElementwiseParams& params, const CudaBuffer& input_a,
                            const CudaBuffer* input_b, const CudaBuffer& output) {
  const auto launch_piece = [&](std::uint64_t first, std::uint64_t end) {
    const ElementwiseLaunch launch{.a = input_a.pointer<float>(),
                                   .b = input_b == nullptr ? nullptr : input_b->pointer<float>(),
                                   .output = output.pointer<float>(),
                                   .first = static_cast<u32>(first),
                                   .end = static_cast<u32>(end),
                                   .op = static_cast<u32>(params.op)};
    const Grid grid{.x = low(divide_up(end - first, kElementsPerBlock))};
    return queue.launch(Kernel{&modules::elementwise, "elementwise_apply"}, grid, launch, end - first);
  };
  return for_pieces(params.n_elements, kElementsPerBlock, queue.max_work(), launch_piece);
}

}  // namespace gpu_host::cuda
