// What the driver gave and must get back. Errors in giving back are those of work that
// failed before: they are reported where that is waited for.
#pragma once

#include <cuda.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "backend/cuda/cuda_api.hpp"

namespace gpu_host::cuda {

template <auto Function>
struct GiveBack {
  template <class Handle>
  void operator()(Handle* handle) const {
    (void)(driver().*Function)(handle);
  }
};

// What was freed in the stream's order, its pool gives back only once this was waited for.
struct GiveBackStream {
  void operator()(CUstream stream) const {
    (void)driver().StreamSynchronize(stream);
    (void)driver().StreamDestroy_v2(stream);
  }
};

using OwnedContext = std::unique_ptr<std::remove_pointer_t<CUcontext>, GiveBack<&CudaApi::CtxDestroy_v2>>;
using OwnedPool = std::unique_ptr<std::remove_pointer_t<CUmemoryPool>, GiveBack<&CudaApi::MemPoolDestroy>>;
using OwnedStream = std::unique_ptr<std::remove_pointer_t<CUstream>, GiveBackStream>;
using OwnedEvent = std::unique_ptr<std::remove_pointer_t<CUevent>, GiveBack<&CudaApi::EventDestroy_v2>>;
// Of this machine, for copies by the device.
using PinnedMemory = std::unique_ptr<std::byte, GiveBack<&CudaApi::MemFreeHost>>;

// Memory on a device, which goes back in the order of a stream. That outlives it.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  DeviceMemory(CUdeviceptr address, CUstream stream) : address_(address), stream_(stream) {}
  DeviceMemory(DeviceMemory&& other) noexcept : address_(std::exchange(other.address_, 0)), stream_(other.stream_) {}
  DeviceMemory& operator=(DeviceMemory&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(stream_, other.stream_);
    return *this;
  }
  ~DeviceMemory() {
    if (address_ != 0) (void)driver().MemFreeAsync(address_, stream_);
  }

  [[nodiscard]] CUdeviceptr address() const { return address_; }

 private:
  CUdeviceptr address_ = 0;
  CUstream stream_ = nullptr;
};

}  // namespace gpu_host::cuda
