// What GPUs this machine has, and whether this process may reach them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gpu_host {

enum class GpuMaker : std::uint8_t { nvidia, amd, intel };

[[nodiscard]] std::string_view name_of(GpuMaker maker);

struct DeviceFile {
  std::string path;
  int error;  // errno of opening it to read and write; 0: it opens
};

struct MachineFacts {
  bool is_container = false;
  std::vector<GpuMaker> gpus = {};                 // on the PCI bus, which containers see too; each maker once
  bool has_nvidia_module = false;                  // of the kernel, loaded
  std::vector<DeviceFile> nvidia_files = {};       // /dev/nvidia0 and so on, /dev/nvidiactl, /dev/nvidia-uvm
  std::vector<DeviceFile> render_files = {};       // /dev/dri/renderD*
  bool is_wsl = false;                             // /dev/dxg
  std::vector<std::string> vulkan_manifests = {};  // of drivers

  [[nodiscard]] bool has(GpuMaker maker) const;
};

// `root` is where dev, proc, sys, etc, usr and run lie; tests give another.
[[nodiscard]] MachineFacts machine_facts(const std::string& root = {});

}  // namespace gpu_host
