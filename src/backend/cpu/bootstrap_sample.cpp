#include <cstring>

#include "backend/cpu/kernels.hpp"

// The part from here to the end of HWY_NAMESPACE is compiled once per instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/bootstrap_sample.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gpu_host::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<std::uint32_t>;
using V = hn::Vec<D>;

// PCG-RXS-M-XS of 32 bits, used as a hash; fixed by the contract, bit for bit.
V pcg(D d, V x) {
  const V state = hn::Add(hn::Mul(x, hn::Set(d, 747796405U)), hn::Set(d, 2891336453U));
  const V shifted = hn::Shr(state, hn::Add(hn::ShiftRight<28>(state), hn::Set(d, 4)));
  const V word = hn::Mul(hn::Xor(shifted, state), hn::Set(d, 277803737U));
  return hn::Xor(hn::ShiftRight<22>(word), word);
}

// The high half of each product, from products of halves.
V mul_high(D d, V a, V b) {
  const V low_half = hn::Set(d, 0xFFFF);
  const V a_low = hn::And(a, low_half);
  const V a_high = hn::ShiftRight<16>(a);
  const V b_low = hn::And(b, low_half);
  const V b_high = hn::ShiftRight<16>(b);
  const V middle = hn::Add(hn::Mul(a_high, b_low), hn::ShiftRight<16>(hn::Mul(a_low, b_low)));
  const V carried = hn::Add(hn::Mul(a_low, b_high), hn::And(middle, low_half));
  return hn::Add(hn::Mul(a_high, b_high), hn::Add(hn::ShiftRight<16>(middle), hn::ShiftRight<16>(carried)));
}

// Samples first, first + 1 … of the generator whose seed was hashed to `stream`.
void bootstrap_block(std::uint32_t stream, std::uint32_t first, std::uint32_t max_index, std::uint32_t* out,
                     std::size_t n) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const V bound = hn::Set(d, max_index);
  const V step = hn::Set(d, static_cast<std::uint32_t>(lanes));
  V position = hn::Iota(d, stream + first);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(mul_high(d, pcg(d, position), bound), d, out + i);
    position = hn::Add(position, step);
  }
  if (i == n) return;
  HWY_ALIGN std::uint32_t rest[hn::MaxLanes(d)];
  hn::Store(mul_high(d, pcg(d, position), bound), d, rest);
  std::memcpy(out + i, rest, (n - i) * sizeof(std::uint32_t));
}

// What every block starts from.
std::uint32_t hash_seed(std::uint32_t seed) {
  const D d;
  return hn::GetLane(pcg(d, hn::Set(d, seed)));
}

}  // namespace
}  // namespace gpu_host::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gpu_host::cpu {
namespace {

HWY_EXPORT(bootstrap_block);
HWY_EXPORT(hash_seed);

constexpr std::size_t kBlock = 1 << 15;

}  // namespace

GpuResult<void> bootstrap_sample(Workers& workers, const BootstrapParams& params,
                                 std::span<std::uint32_t> output_indices) {
  const std::uint32_t stream = HWY_DYNAMIC_DISPATCH(hash_seed)(params.seed);
  const auto block = HWY_DYNAMIC_DISPATCH(bootstrap_block);
  const bool done = workers.for_blocks(params.n_samples, kBlock, [&](std::size_t begin, std::size_t end) {
    block(stream, static_cast<std::uint32_t>(begin), params.max_index, &output_indices[begin], end - begin);
  });
  if (!done) return interrupted();
  return {};
}

}  // namespace gpu_host::cpu
#endif  // HWY_ONCE
