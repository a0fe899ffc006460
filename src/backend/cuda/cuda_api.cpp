#include "backend/cuda/cuda_api.hpp"

#include <dlfcn.h>

#include <cstdlib>

#include "backend/cuda/libraries.hpp"

namespace gpu_host::cuda {
namespace {

constexpr int kOldestVersion = 12000;  // what the driver 525 supports

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

Result<CudaApi> open_driver() {
  const auto library = open_library({"libcuda.so.1"}, "");
  if (!library) {
    return error(library.error().kind, library.error().message +
                                           "; install NVIDIA's driver, 525 or later (in a container: run it with "
                                           "--gpus all and the capability compute)");
  }
  CudaApi api;
  std::string missing;
#define WGH_CUDA_LOOK_UP(name)                                                  \
  api.name = reinterpret_cast<decltype(api.name)>(dlsym(*library, "cu" #name)); \
  if (api.name == nullptr && missing.empty()) missing = "cu" #name;
  WGH_CUDA_FUNCTIONS(WGH_CUDA_LOOK_UP)
#undef WGH_CUDA_LOOK_UP
  int version = 0;
  if (api.DriverGetVersion != nullptr && api.DriverGetVersion(&version) == CUDA_SUCCESS && version < kOldestVersion) {
    return error(ErrorKind::device, "NVIDIA's driver supports CUDA " + version_text(version) +
                                        ", this build needs 12.0: install driver 525 or later");
  }
  if (!missing.empty()) {
    return error(ErrorKind::device, "libcuda.so.1 has no function " + missing + ": install driver 525 or later");
  }
  return api;
}

std::string text_by(const CudaApi& api, CUresult result) {
  const char* name = nullptr;
  const char* words = nullptr;
  if (api.GetErrorName(result, &name) != CUDA_SUCCESS || name == nullptr) {
    return "CUDA error " + std::to_string(static_cast<int>(result));
  }
  if (api.GetErrorString(result, &words) != CUDA_SUCCESS || words == nullptr) return name;
  return std::string(name) + ": " + words;
}

Result<CudaApi> start_driver() {
  auto api = open_driver();
  if (!api) return api;
  if (const CUresult started = api->Init(0); started != CUDA_SUCCESS) {
    const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
    const std::string hidden =
        visible == nullptr ? "" : " (of the GPUs that CUDA_VISIBLE_DEVICES=" + std::string(visible) + " names)";
    return error(ErrorKind::device, "NVIDIA's driver does not start: " + text_by(*api, started) + hidden +
                                        "; see whether nvidia-smi lists a GPU, and /dev/nvidia* can be opened");
  }
  return api;
}

}  // namespace

const Result<CudaApi>& open_cuda() {
  // Left open at exit: the driver has threads that may still be in it.
  static const auto* const api = new Result<CudaApi>(start_driver());
  return *api;
}

const CudaApi& driver() { return *open_cuda(); }

std::string text(CUresult result) { return text_by(driver(), result); }

}  // namespace gpu_host::cuda
