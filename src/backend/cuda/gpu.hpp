// An opened GPU: a context of our own, its modules, its pool of memory.
#pragma once

#include <cuda.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "backend/cuda/handles.hpp"
#include "backend/cuda/kernel.hpp"
#include "backend/gpu_error.hpp"

namespace gpu_host::cuda {

struct GpuLimits {
  std::uint64_t max_work = 0;    // elementary steps of a launch (Queue::max_work)
  std::uint64_t max_extent = 0;  // floats from a matrix's first to its last, of one call of cuBLAS
  std::uint32_t multiprocessors = 0;
  std::uint32_t major = 0;  // compute capability
  std::uint32_t minor = 0;
};

// Safe for use by many threads at a time.
class Gpu {
 public:
  [[nodiscard]] static GpuResult<std::shared_ptr<Gpu>> open(CUdevice device, const GpuLimits& limits);
  Gpu(OwnedContext context, OwnedPool pool, const GpuLimits& limits);
  ~Gpu();
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  [[nodiscard]] const GpuLimits& limits() const { return limits_; }
  [[nodiscard]] CUcontext context() const { return context_.get(); }
  [[nodiscard]] CUmemoryPool pool() const { return pool_.get(); }

  // Loaded when it is first asked for.
  [[nodiscard]] GpuResult<CUfunction> function(const Kernel& kernel);

  // What `result` of the driver's function `what` means: nothing for success; out_of_memory; kernel_error for what
  // was refused; otherwise the context is lost: device_unavailable, from now on for all.
  [[nodiscard]] GpuResult<void> check(CUresult result, std::string_view what);
  [[nodiscard]] bool is_lost() const { return is_lost_.load(std::memory_order_acquire); }
  // Device_unavailable, with the reason.
  [[nodiscard]] std::unexpected<GpuError> lost_error() const;

 private:
  OwnedContext context_;
  OwnedPool pool_;
  GpuLimits limits_;
  mutable std::mutex mutex_;
  std::map<const Module*, CUmodule> modules_;
  std::map<Kernel, CUfunction> functions_;
  std::string lost_reason_;
  std::atomic<bool> is_lost_ = false;
};

// While it lives, the context is this thread's current one; then the one before it is again.
class CurrentContext {
 public:
  explicit CurrentContext(const Gpu& gpu);
  CurrentContext(const CurrentContext&) = delete;
  CurrentContext& operator=(const CurrentContext&) = delete;
  ~CurrentContext();

 private:
  bool is_pushed_;
};

}  // namespace gpu_host::cuda
