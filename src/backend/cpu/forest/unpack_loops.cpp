#include "backend/cpu/forest/unpack_loops.hpp"

#include <bit>
#include <cstring>

// The part from here to the end of HWY_NAMESPACE is compiled once per instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/forest/unpack_loops.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gpu_host::cpu::HWY_NAMESPACE {
namespace {

template <class T>
HWY_INLINE T load(const std::byte* from, std::uint32_t i) {
  T value;
  std::memcpy(&value, from + i * sizeof(T), sizeof(T));
  return value;
}

constexpr std::uint32_t kSign = 0x80000000;
constexpr std::uint32_t kInfinity = 0x7f800000;

// The compiler vectorises it: all is 32 bits wide, and what may be wrong is gathered.
template <class Feature>
bool read_half(const PackedInner& half, const NarrowNodes& tree, std::uint32_t* HWY_RESTRICT values,
               std::uint32_t* HWY_RESTRICT bits) {
  const NarrowNodes form = tree;
  const auto [features, feature_bytes, thresholds, missing_bits, n, first_child, n_features] = half;
  const auto missing = static_cast<std::uint32_t>(missing_bits);
  std::uint32_t wrong = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::uint32_t feature = load<Feature>(features, i);
    const auto threshold = load<std::uint32_t>(thresholds, i);
    wrong |= static_cast<std::uint32_t>(feature >= n_features);
    wrong |= static_cast<std::uint32_t>((threshold & ~kSign) > kInfinity);
    values[i] = ordered_bits(std::bit_cast<float>(threshold));
    bits[i] = form.bits(feature, missing >> i & 1U, first_child + 2 * i);
  }
  return wrong == 0;
}

template <class Feature>
bool read_inner(PackedInner half, const NarrowNodes& tree, UnpackedNodes& to) {
  constexpr std::uint32_t kHalf = kWordNodes / 2;
  const std::uint32_t n = half.n;
  half.n = n < kHalf ? n : kHalf;
  const bool is_right = read_half<Feature>(half, tree, to.values.data(), to.bits.data());
  half.features += kHalf * sizeof(Feature);
  half.thresholds += kHalf * sizeof(float);
  half.missing >>= kHalf;
  half.first_child += 2 * kHalf;
  half.n = n - half.n;
  return read_half<Feature>(half, tree, &to.values[kHalf], &to.bits[kHalf]) && is_right;
}

bool inner(const PackedInner& packed, const NarrowNodes& tree, UnpackedNodes& to) {
  return packed.feature_bytes == 1 ? read_inner<std::uint8_t>(packed, tree, to)
                                   : read_inner<std::uint16_t>(packed, tree, to);
}

bool numbers(const std::byte* packed, std::uint32_t n, Magnitudes& magnitudes) {
  std::uint32_t wrong = 0;
  Magnitudes own;
  for (std::uint32_t i = 0; i < n; ++i) {
    const auto number = load<std::uint32_t>(packed, i);
    wrong |= static_cast<std::uint32_t>((number & ~kSign) >= kInfinity);
    own.add(std::bit_cast<float>(number));
  }
  magnitudes.add(own);
  return wrong == 0;
}

const UnpackLoops& loops() {
  static constexpr UnpackLoops kLoops{.inner = inner, .numbers = numbers};
  return kLoops;
}

}  // namespace
}  // namespace gpu_host::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gpu_host::cpu {
namespace {

HWY_EXPORT(loops);

}  // namespace

const UnpackLoops& unpack_loops() { return HWY_DYNAMIC_DISPATCH(loops)(); }

}  // namespace gpu_host::cpu
#endif  // HWY_ONCE
