// A container whose image asks for NVIDIA's GPUs, and which was started without.
#pragma once

#include <string>
#include <string_view>

namespace gpu_host {

// What a container is started with to have NVIDIA's GPUs.
inline constexpr std::string_view kGpuFlags =
    "--gpus all (Docker with the NVIDIA Container Toolkit) or --device nvidia.com/gpu=all (Podman)";

// Whether NVIDIA_VISIBLE_DEVICES asks for GPUs, as images do that want them, and there is no /dev/nvidiactl.
// `root` is where dev lies; tests give another.
[[nodiscard]] bool misses_its_gpus(const std::string& root = {});

}  // namespace gpu_host
