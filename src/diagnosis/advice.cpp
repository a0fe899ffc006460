#include "diagnosis/advice.hpp"

#include <algorithm>
#include <array>

namespace gpu_host {
namespace {

constexpr std::array kAdvice{
    Advice{"cuda", "this build has no cuda backend", "build it without -DWGH_CUDA=OFF", true},
    Advice{"cuda", "libcuda.so.1 was not found in",
           "install NVIDIA's driver, 525 or later; in a container: --gpus all, and compute among the capabilities",
           true},
    Advice{"cuda", "libcuda.so.1 cannot be opened",
           "install the driver again; look at LD_LIBRARY_PATH and WASMTIME_GPU_HOST_CUDA_PATH"},
    Advice{"cuda", "this build needs 12.0", "install driver 525 or later"},
    Advice{"cuda", "libcuda.so.1 has no function", "install driver 525 or later"},
    Advice{"cuda", "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "restart the machine: the driver was upgraded while it ran"},
    Advice{"cuda", "CUDA_ERROR_SYSTEM_NOT_READY",
           "systemctl start nvidia-fabricmanager, of the driver's version: this machine has NVSwitch"},
    Advice{"cuda", "CUDA_ERROR_UNKNOWN", "nvidia-modprobe -u -c 0; then restart the machine"},
    Advice{"cuda", "CUDA_ERROR_NO_DEVICE", "nvidia-smi; unset CUDA_VISIBLE_DEVICES; ls -l /dev/nvidia*", true},
    Advice{"cuda", "driver does not start", "nvidia-smi; unset CUDA_VISIBLE_DEVICES; ls -l /dev/nvidia*; restart"},
    Advice{"cuda", "driver has no device", "nvidia-smi; unset CUDA_VISIBLE_DEVICES; ls -l /dev/nvidia*", true},
    Advice{"cuda", "has compute capability", "--backend webgpu runs on this GPU"},
    Advice{"cuda", "compute mode \"prohibited\"", "nvidia-smi -c DEFAULT"},
    Advice{"cuda", "has no memory pools here", "--backend webgpu runs on this GPU"},
    Advice{"cuda", "libcublas",
           "pip install nvidia-cublas-cu12, or name its folder in WASMTIME_GPU_HOST_CUDA_PATH; the image's target full "
           "has it"},
    Advice{"cuda", "libcurand", "pip install nvidia-curand-cu12, or name its folder in WASMTIME_GPU_HOST_CUDA_PATH"},
    Advice{"webgpu", "this build has no webgpu backend", "build it without -DWGH_WEBGPU=OFF", true},
    Advice{"webgpu", "libwgpu_native.so cannot be opened",
           "install the program with its package or cmake --install, or name the file in WGPU_NATIVE_LIBRARY"},
    Advice{"webgpu", "libwgpu_native.so is version",
           "remove that one from LD_LIBRARY_PATH, or name the right one in WGPU_NATIVE_LIBRARY"},
    Advice{"webgpu", "libwgpu_native.so has no function",
           "remove that one from LD_LIBRARY_PATH, or name the right one in WGPU_NATIVE_LIBRARY"},
    Advice{"webgpu", "the Vulkan loader (libvulkan.so.1) cannot be opened", "apt install libvulkan1", true},
    Advice{"webgpu", "Vulkan lists no device",
           "install the GPU's Vulkan driver (docs/webgpu.md, \"WebGPU not available\"); mesa-vulkan-drivers for AMD, "
           "Intel and software",
           true},
    Advice{"webgpu", "does not support", "a newer driver, or another device"},
};

}  // namespace

std::span<const Advice> all_advice() { return kAdvice; }

Advice advice_for(std::string_view backend, std::string_view reason) {
  const auto* const found = std::ranges::find_if(
      kAdvice, [&](const Advice& advice) { return advice.backend == backend && reason.contains(advice.says); });
  if (found != kAdvice.end()) return *found;
  return {backend, "",
          backend == "cuda" ? "docs/cuda.md, \"CUDA not available\"" : "docs/webgpu.md, \"WebGPU not available\""};
}

}  // namespace gpu_host
