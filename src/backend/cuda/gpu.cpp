#include "backend/cuda/gpu.hpp"

namespace gpu_host::cuda {
namespace {

// So much of what was freed is kept for the next to ask.
constexpr std::uint64_t kKeptBytes = std::uint64_t{2} << 30U;

std::string failed(std::string_view what, CUresult result) { return "cu" + std::string(what) + ": " + text(result); }

const std::span<const std::byte>& image_for(const Module& module, std::uint32_t major) {
  if (major == 8) return module.sm_80;
  return major == 9 ? module.sm_90 : module.ptx;
}

}  // namespace

GpuResult<std::shared_ptr<Gpu>> Gpu::open(CUdevice device, const GpuLimits& limits) {
  const auto unavailable = [](std::string_view what, CUresult result) {
    return gpu_error(GpuErrorCode::device_unavailable, failed(what, result));
  };
  CUcontext handle = nullptr;
  if (const auto result = driver().CtxCreate_v2(&handle, CU_CTX_SCHED_AUTO, device); result != CUDA_SUCCESS) {
    return unavailable("CtxCreate", result);
  }
  OwnedContext context(handle);
  CUcontext created = nullptr;  // it was made this thread's current one
  (void)driver().CtxPopCurrent_v2(&created);

  CUmemPoolProps properties{};
  properties.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = device};
  CUmemoryPool pool_handle = nullptr;
  if (const auto result = driver().MemPoolCreate(&pool_handle, &properties); result != CUDA_SUCCESS) {
    return unavailable("MemPoolCreate", result);
  }
  OwnedPool pool(pool_handle);
  cuuint64_t kept = kKeptBytes;
  if (const auto result = driver().MemPoolSetAttribute(pool.get(), CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &kept);
      result != CUDA_SUCCESS) {
    return unavailable("MemPoolSetAttribute", result);
  }
  return std::make_shared<Gpu>(std::move(context), std::move(pool), limits);
}

Gpu::Gpu(OwnedContext context, OwnedPool pool, const GpuLimits& limits)
    : context_(std::move(context)), pool_(std::move(pool)), limits_(limits) {}

Gpu::~Gpu() {
  const CurrentContext current(*this);
  for (const auto& [module, handle] : modules_) (void)driver().ModuleUnload(handle);
}

GpuResult<CUfunction> Gpu::function(const Kernel& kernel) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = functions_.find(kernel); found != functions_.end()) return found->second;
  CUmodule& module = modules_[kernel.module];
  if (module == nullptr) {
    const CUresult loaded = driver().ModuleLoadData(&module, image_for(*kernel.module, limits_.major).data());
    if (loaded != CUDA_SUCCESS) {
      modules_.erase(kernel.module);
      return gpu_error(
          loaded == CUDA_ERROR_OUT_OF_MEMORY ? GpuErrorCode::out_of_memory : GpuErrorCode::device_unavailable,
          "the kernels of " + std::string(kernel.module->name) + " cannot be loaded: " + text(loaded));
    }
  }
  CUfunction function = nullptr;
  if (const CUresult found = driver().ModuleGetFunction(&function, module, kernel.name); found != CUDA_SUCCESS) {
    return gpu_error(GpuErrorCode::device_unavailable,
                     "the kernel " + std::string(kernel.name) + " cannot be loaded: " + text(found));
  }
  functions_.emplace(kernel, function);
  return function;
}

GpuResult<void> Gpu::check(CUresult result, std::string_view what) {
  switch (result) {
    case CUDA_SUCCESS:
      return {};
    case CUDA_ERROR_OUT_OF_MEMORY:
    case CUDA_ERROR_OPERATING_SYSTEM:  // of this machine's memory: under a container's limit
      return gpu_error(GpuErrorCode::out_of_memory, failed(what, result));
    case CUDA_ERROR_INVALID_VALUE:
    case CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES:
    case CUDA_ERROR_NOT_SUPPORTED:
      return gpu_error(GpuErrorCode::kernel_error, failed(what, result));
    default: {
      const std::scoped_lock lock(mutex_);
      if (lost_reason_.empty()) lost_reason_ = failed(what, result);
      is_lost_.store(true, std::memory_order_release);
    }
  }
  return lost_error();
}

std::unexpected<GpuError> Gpu::lost_error() const {
  const std::scoped_lock lock(mutex_);
  return gpu_error(GpuErrorCode::device_unavailable, "the device was lost: " + lost_reason_);
}

CurrentContext::CurrentContext(const Gpu& gpu)
    : is_pushed_(driver().CtxPushCurrent_v2(gpu.context()) == CUDA_SUCCESS) {}

CurrentContext::~CurrentContext() {
  if (!is_pushed_) return;
  CUcontext ours = nullptr;
  (void)driver().CtxPopCurrent_v2(&ours);
}

}  // namespace gpu_host::cuda
