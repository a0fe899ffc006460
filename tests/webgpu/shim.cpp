// A libwgpu_native.so for tests: the real one, but that it counts, and fails on demand. Only
// these functions are its own; dlsym finds all others in the library that it is linked to.
#include "webgpu/shim.hpp"

#include <dlfcn.h>

#include <cstdlib>

namespace {

gpu_host::webgpu::ShimCounts counts;

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) const gpu_host::webgpu::ShimCounts* wgh_shim_counts() { return &counts; }

__attribute__((visibility("default"))) WGPUSubmissionIndex wgpuQueueSubmitForIndex(WGPUQueue queue, std::size_t count,
                                                                                   const WGPUCommandBuffer* commands) {
  // As the library does when the driver says that the device is lost.
  if (std::getenv("WGH_SHIM_LOSES_DEVICE") != nullptr) std::abort();
  static const auto kReal = real<decltype(&wgpuQueueSubmitForIndex)>("wgpuQueueSubmitForIndex");
  ++counts.submissions;
  return kReal(queue, count, commands);
}

__attribute__((visibility("default"))) WGPUFuture wgpuBufferMapAsync(WGPUBuffer buffer, WGPUMapMode mode,
                                                                     std::size_t offset, std::size_t size,
                                                                     WGPUBufferMapCallbackInfo callback) {
  static const auto kReal = real<decltype(&wgpuBufferMapAsync)>("wgpuBufferMapAsync");
  ++counts.maps;
  return kReal(buffer, mode, offset, size, callback);
}
}
