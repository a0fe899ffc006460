#include "backend/registry.hpp"

#include <array>

#include "backend/absent_backend.hpp"
#include "backend/cpu/cpu_backend.hpp"
#include "backend/device_selection.hpp"
#if WGH_CUDA
#include "backend/cuda/cuda_backend.hpp"
#endif
#if WGH_WEBGPU
#include "backend/webgpu/webgpu_backend.hpp"
#endif

namespace gpu_host {

std::span<Backend* const> all_backends() {
  static CpuBackend cpu;
  // Those with drivers are never destroyed: these may have ended before a static object would be.
#if WGH_CUDA
  static Backend* const cuda = new CudaBackend;
#else
  static Backend* const cuda = new AbsentBackend("cuda");
#endif
#if WGH_WEBGPU
  static Backend* const webgpu = new WebGpuBackend;
#else
  static Backend* const webgpu = new AbsentBackend("webgpu");
#endif
  static const std::array<Backend*, 3> backends{cuda, webgpu, &cpu};
  return backends;
}

bool names_backend(const DeviceChoice& choice) { return !named_backend(choice).name.empty(); }

Result<void> check_choice(const DeviceChoice& choice) { return check_name(all_backends(), named_backend(choice)); }

Result<std::shared_ptr<Device>> open_device(const DeviceChoice& choice) {
  return select_device(all_backends(), named_backend(choice), choice.index);
}

}  // namespace gpu_host
