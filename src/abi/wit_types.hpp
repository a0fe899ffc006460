// The contract's own records, enums and flags (wit/) for lift and lower.
#pragma once

#include <string_view>
#include <tuple>
#include <type_traits>

#include "abi/lift.hpp"
#include "abi/lower.hpp"
#include "backend/backend.hpp"
#include "wasi_gpu/compute.hpp"

namespace gpu_host::abi {

template <>
struct Flags<wasi_gpu::BufferUsage> : std::true_type {};

template <>
struct Cases<ElementwiseOp> {
  static constexpr std::string_view kName = "elementwise-op";
  static constexpr std::uint32_t kCount = kElementwiseOpCount;
};

template <>
struct Cases<ReduceOp> {
  static constexpr std::string_view kName = "reduce-op";
  static constexpr std::uint32_t kCount = kReduceOpCount;
};

template <>
struct Record<DeviceInfo> {
  static constexpr std::tuple kFields{&DeviceInfo::name, &DeviceInfo::backend, &DeviceInfo::total_memory,
                                      &DeviceInfo::is_hardware, &DeviceInfo::compute_capability};
};

template <>
struct Record<BootstrapParams> {
  static constexpr std::tuple kFields{&BootstrapParams::n_samples, &BootstrapParams::seed, &BootstrapParams::max_index};
};

template <>
struct Record<FindSplitParams> {
  static constexpr std::tuple kFields{&FindSplitParams::n_samples, &FindSplitParams::n_features,
                                      &FindSplitParams::feature_idx, &FindSplitParams::n_thresholds};
};

template <>
struct Record<AverageParams> {
  static constexpr std::tuple kFields{&AverageParams::n_trees, &AverageParams::n_samples};
};

template <>
struct Record<MatmulParams> {
  static constexpr std::tuple kFields{&MatmulParams::m,       &MatmulParams::k,       &MatmulParams::n,
                                      &MatmulParams::trans_a, &MatmulParams::trans_b, &MatmulParams::alpha,
                                      &MatmulParams::beta};
};

template <>
struct Record<ElementwiseParams> {
  static constexpr std::tuple kFields{&ElementwiseParams::n_elements, &ElementwiseParams::op};
};

template <>
struct Record<ReduceParams> {
  static constexpr std::tuple kFields{&ReduceParams::n_elements, &ReduceParams::op};
};

template <>
struct Record<BatchPredictParams> {
  static constexpr std::tuple kFields{&BatchPredictParams::batch_size, &BatchPredictParams::n_features,
                                      &BatchPredictParams::n_trees, &BatchPredictParams::max_depth};
};

// The layouts that modules in the field were built with (contract.md).
static_assert(Lower<GpuResult<void>>::size(Encoding::canonical) == 16);
static_assert(Lower<GpuResult<std::uint32_t>>::size(Encoding::canonical) == 16);
static_assert(Lower<GpuResult<GuestList>>::size(Encoding::canonical) == 16);
static_assert(Lower<GpuResult<void>>::size(Encoding::legacy) == 8);
static_assert(Lower<GpuResult<GuestList>>::size(Encoding::legacy) == 12);
static_assert(Lower<GpuResult<GuestList>>::align() == 4);
static_assert(Lower<DeviceInfo>::size(Encoding::canonical) == 40);
static_assert(Lower<DeviceInfo>::align() == 8);

}  // namespace gpu_host::abi
