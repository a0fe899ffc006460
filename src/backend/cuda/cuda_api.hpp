// The CUDA driver, opened at run time: the same build runs where it is not installed.
#pragma once

#include <cuda.h>

#include <string>

#include "backend/gpu_error.hpp"
#include "gpu_host/result.hpp"

namespace gpu_host::cuda {

// Every function of libcuda.so.1 that is called, without its prefix `cu` and with the version that is meant.
#define WGH_CUDA_FUNCTIONS(X) \
  X(CtxCreate_v2)             \
  X(CtxDestroy_v2)            \
  X(CtxPopCurrent_v2)         \
  X(CtxPushCurrent_v2)        \
  X(DeviceGet)                \
  X(DeviceGetAttribute)       \
  X(DeviceGetCount)           \
  X(DeviceGetName)            \
  X(DeviceTotalMem_v2)        \
  X(DriverGetVersion)         \
  X(EventCreate)              \
  X(EventDestroy_v2)          \
  X(EventQuery)               \
  X(EventRecord)              \
  X(GetErrorName)             \
  X(GetErrorString)           \
  X(Init)                     \
  X(LaunchKernel)             \
  X(MemAllocFromPoolAsync)    \
  X(MemFreeAsync)             \
  X(MemFreeHost)              \
  X(MemHostAlloc)             \
  X(MemPoolCreate)            \
  X(MemPoolDestroy)           \
  X(MemPoolSetAttribute)      \
  X(MemPoolTrimTo)            \
  X(MemcpyDtoDAsync_v2)       \
  X(MemcpyDtoHAsync_v2)       \
  X(MemcpyHtoDAsync_v2)       \
  X(MemsetD8Async)            \
  X(ModuleGetFunction)        \
  X(ModuleLoadData)           \
  X(ModuleUnload)             \
  X(StreamCreate)             \
  X(StreamDestroy_v2)         \
  X(StreamQuery)              \
  X(StreamSynchronize)

struct CudaApi {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration takes none.
#define WGH_CUDA_MEMBER(name) decltype(&::cu##name) name = nullptr;
  // NOLINTNEXTLINE(readability-identifier-naming): the library's own names.
  WGH_CUDA_FUNCTIONS(WGH_CUDA_MEMBER)
#undef WGH_CUDA_MEMBER
};

// Opens the library and starts it, once; an error says why it cannot be used.
[[nodiscard]] const Result<CudaApi>& open_cuda();

// The functions, once open_cuda() has succeeded. It stays open for good.
[[nodiscard]] const CudaApi& driver();

// "CUDA_ERROR_OUT_OF_MEMORY: out of memory"
[[nodiscard]] std::string text(CUresult result);

}  // namespace gpu_host::cuda
