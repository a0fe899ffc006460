#include "diagnosis/gpu_access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "util/container_gpus.hpp"

namespace gpu_host {
namespace {

constexpr const char* kSubject = "GPU access";

Finding gpus_of(const MachineFacts& facts) {
  if (facts.is_wsl) return {"GPUs", Verdict::good, "those of Windows (WSL, /dev/dxg)", ""};
  std::string names;
  for (const GpuMaker maker : facts.gpus) names += (names.empty() ? "" : ", ") + std::string(name_of(maker));
  if (!names.empty()) return {"GPUs", Verdict::good, names, ""};
  return {"GPUs", Verdict::note, "none on the PCI bus: the CPU does the work",
          facts.is_container ? "if the machine has one, start the container with it: " + std::string(kGpuFlags)
                             : "none is needed; a cloud machine gets one by its size"};
}

// A fault for each file that does not open.
void add_closed(std::vector<Finding>& findings, const std::vector<DeviceFile>& files, const std::string& remedy) {
  for (const DeviceFile& file : files) {
    if (file.error == 0) continue;
    findings.push_back({kSubject, Verdict::fault,
                        fmt::format("{} cannot be opened: {}", file.path, std::strerror(file.error)), remedy});
  }
}

// NVIDIA_DRIVER_CAPABILITIES, which says what of the driver a container is given.
void add_capabilities(std::vector<Finding>& findings) {
  const char* const value = std::getenv("NVIDIA_DRIVER_CAPABILITIES");
  const std::string_view given = value == nullptr || *value == '\0' ? "compute,utility" : value;
  if (given.contains("all")) return;
  constexpr std::string_view kAll = "-e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics";
  if (!given.contains("compute")) {
    findings.push_back(
        {kSubject, Verdict::fault,
         fmt::format("the container was given the driver's parts {}, without compute: cuda cannot run", given),
         fmt::format("start it with {}", kAll)});
  }
  if (!given.contains("graphics")) {
    findings.push_back(
        {kSubject, Verdict::note,
         fmt::format(
             "the container was given the driver's parts {}, without graphics: Vulkan, and so webgpu, has no GPU",
             given),
         fmt::format("start it with {}", kAll)});
  }
}

void add_nvidia(std::vector<Finding>& findings, const MachineFacts& facts) {
  const bool has_gpu = std::ranges::any_of(facts.nvidia_files, [](const DeviceFile& file) {
    return !file.path.ends_with("ctl") && !file.path.ends_with("uvm");
  });
  if (!has_gpu && facts.is_container) {
    findings.push_back({kSubject, Verdict::fault,
                        "the machine has an NVIDIA GPU, which this container was not given (no /dev/nvidia0)",
                        "start the container with " + std::string(kGpuFlags)});
    return;
  }
  if (!has_gpu) {
    findings.push_back(
        {kSubject, Verdict::fault, "the NVIDIA GPU has no device file (/dev/nvidia0): its kernel module is not loaded",
         "install NVIDIA's driver, 525 or later, and restart; `nvidia-smi` must list the GPU, else `dmesg` says why"});
    return;
  }
  add_closed(findings, facts.nvidia_files, "sudo chmod a+rw /dev/nvidia*, or add this user to the files' group");
  if (facts.is_container) add_capabilities(findings);
  const bool has_manifest =
      std::ranges::any_of(facts.vulkan_manifests, [](const std::string& path) { return path.contains("nvidia"); });
  if (!has_manifest) {
    findings.push_back(
        {kSubject, Verdict::note,
         "no manifest of NVIDIA's Vulkan driver (nvidia_icd.json): webgpu does not find the GPU",
         facts.is_container
             ? "start the container with --runtime=nvidia and the capability graphics (docs/webgpu.md, Containers)"
             : "install the Vulkan part of the driver (docs/webgpu.md, Vulkan on Debian and Ubuntu)"});
  }
}

void add_render(std::vector<Finding>& findings, const MachineFacts& facts) {
  if (!facts.render_files.empty()) {
    add_closed(findings, facts.render_files, "sudo usermod -aG render \"$USER\", then log in anew");
    return;
  }
  constexpr const char* kFound = "the GPU has no device file (/dev/dri/renderD*)";
  if (facts.is_container) {
    findings.push_back(
        {kSubject, Verdict::fault, kFound,
         "start the container with --device /dev/dri --group-add \"$(stat -c %g /dev/dri/renderD128)\""});
  } else {
    findings.push_back({kSubject, Verdict::note, kFound,
                        "load the kernel's driver for it (amdgpu, i915 or xe); `dmesg` says why it is not"});
  }
}

}  // namespace

std::vector<Finding> check_gpu_access(const MachineFacts& facts) {
  std::vector<Finding> findings{gpus_of(facts)};
  if (facts.has(GpuMaker::nvidia)) add_nvidia(findings, facts);
  if (facts.has(GpuMaker::amd) || facts.has(GpuMaker::intel)) add_render(findings, facts);
  return findings;
}

}  // namespace gpu_host
