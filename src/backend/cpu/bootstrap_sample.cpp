#include "backend/cpu/kernels.hpp"

namespace gpu_host::cpu {
namespace {

// PCG-RXS-M-XS of 32 bits, used as a hash; fixed by the contract, bit for bit.
constexpr std::uint32_t pcg(std::uint32_t x) {
  const std::uint32_t state = x * 747796405U + 2891336453U;
  const std::uint32_t word = ((state >> ((state >> 28U) + 4U)) ^ state) * 277803737U;
  return (word >> 22U) ^ word;
}

}  // namespace

GpuResult<void> bootstrap_sample(Poll poll, const BootstrapParams& params, std::span<std::uint32_t> output_indices) {
  const std::uint32_t stream = pcg(params.seed);
  for (std::uint32_t i = 0; i < params.n_samples; ++i) {
    if (poll.stop()) return interrupted();
    // The high half of the product: uniform on [0, max_index) without a division.
    const std::uint64_t product = std::uint64_t{pcg(stream + i)} * params.max_index;
    output_indices[i] = static_cast<std::uint32_t>(product >> 32U);
  }
  return {};
}

}  // namespace gpu_host::cpu
