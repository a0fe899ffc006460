// CUDA C++ as far as the kernels use it, for a compiler of ordinary C++. Included before a
// .cu file. Names and meaning are CUDA's; blocks run one at a time, so shared memory is static
// and atomics are plain.
#pragma once

#include <math.h>  // NOLINT(modernize-deprecated-headers): kernels use the global names

#include <bit>
#include <cstdint>

#include "fibers.hpp"

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming,bugprone-macro-parentheses)
#define __CUDACC__ 1
#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

struct dim3 : fake_cuda::Index3 {};
extern dim3 threadIdx, blockIdx, blockDim, gridDim;

struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

// -- barriers and warps ----------------------------------------------------------------
inline void __syncthreads() { (void)fake_cuda::wait_for_block(false); }
inline int __syncthreads_or(int predicate) { return fake_cuda::wait_for_block(predicate != 0) ? 1 : 0; }
inline void __syncwarp(unsigned = ~0U) { (void)fake_cuda::exchange_in_warp(0); }
inline void __threadfence() {}

namespace fake_cuda {

template <class T>
T shuffle(T value, unsigned source) {
  std::uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof(value));
  const std::uint64_t* const values = exchange_in_warp(bits);
  if (source >= warp_lanes()) return value;
  __builtin_memcpy(&value, &values[source], sizeof(value));
  return value;
}

}  // namespace fake_cuda

template <class T>
T __shfl_sync(unsigned, T value, int source) {
  return fake_cuda::shuffle(value, static_cast<unsigned>(source) % 32);
}
template <class T>
T __shfl_down_sync(unsigned, T value, unsigned distance) {
  return fake_cuda::shuffle(value, fake_cuda::lane() + distance);
}
template <class T>
T __shfl_up_sync(unsigned, T value, unsigned distance) {
  return fake_cuda::shuffle(value, fake_cuda::lane() - distance);
}
template <class T>
T __shfl_xor_sync(unsigned, T value, int mask) {
  return fake_cuda::shuffle(value, fake_cuda::lane() ^ static_cast<unsigned>(mask));
}
inline unsigned __ballot_sync(unsigned, int predicate) {
  const std::uint64_t* const values = fake_cuda::exchange_in_warp(predicate != 0 ? 1 : 0);
  unsigned ballot = 0;
  for (unsigned lane = 0; lane < fake_cuda::warp_lanes(); ++lane) ballot |= static_cast<unsigned>(values[lane]) << lane;
  return ballot;
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0 ? 1 : 0; }

// -- atomics -----------------------------------------------------------------------------
namespace fake_cuda {

template <class T>
T replace(T* address, T value) {
  const T before = *address;
  *address = value;
  return before;
}

}  // namespace fake_cuda

inline unsigned atomicAdd(unsigned* address, unsigned value) { return fake_cuda::replace(address, *address + value); }
inline unsigned long long atomicAdd(unsigned long long* address, unsigned long long value) {
  return fake_cuda::replace(address, *address + value);
}
inline unsigned atomicMin(unsigned* address, unsigned value) {
  return fake_cuda::replace(address, value < *address ? value : *address);
}
inline unsigned atomicMax(unsigned* address, unsigned value) {
  return fake_cuda::replace(address, value > *address ? value : *address);
}
inline unsigned atomicOr(unsigned* address, unsigned value) { return fake_cuda::replace(address, *address | value); }
inline unsigned atomicExch(unsigned* address, unsigned value) { return fake_cuda::replace(address, value); }
inline unsigned atomicCAS(unsigned* address, unsigned expected, unsigned value) {
  return fake_cuda::replace(address, *address == expected ? value : *address);
}

// -- arithmetic ----------------------------------------------------------------------------
template <class T>
T __ldg(const T* address) {
  return *address;
}
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((std::uint64_t{a} * b) >> 32); }
inline unsigned __float_as_uint(float value) { return std::bit_cast<unsigned>(value); }
inline float __uint_as_float(unsigned bits) { return std::bit_cast<float>(bits); }
inline int __popc(unsigned value) { return std::popcount(value); }
inline int __clz(int value) { return std::countl_zero(static_cast<unsigned>(value)); }
inline int __ffs(int value) { return __builtin_ffs(value); }
inline int min(int a, int b) { return b < a ? b : a; }
inline int max(int a, int b) { return a < b ? b : a; }
inline unsigned min(unsigned a, unsigned b) { return b < a ? b : a; }
inline unsigned max(unsigned a, unsigned b) { return a < b ? b : a; }
inline unsigned long long min(unsigned long long a, unsigned long long b) { return b < a ? b : a; }
inline unsigned long long max(unsigned long long a, unsigned long long b) { return a < b ? b : a; }
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming,bugprone-macro-parentheses)

namespace fake_cuda {

// Makes a kernel known to cuModuleGetFunction. Its only parameter's type is deduced.
class RegisteredKernel {
 public:
  explicit RegisteredKernel(const Kernel& kernel);
};

template <auto Function>
struct KernelThread;
template <class Params, void (*Function)(Params)>
struct KernelThread<Function> {
  static_assert(sizeof(Params) <= 4096);
  static void run(const void* params) { Function(*static_cast<const Params*>(params)); }
  static Kernel kernel(const char* name, unsigned max_threads = 0) { return {name, run, sizeof(Params), max_threads}; }
};

}  // namespace fake_cuda
