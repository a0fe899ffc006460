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

// A fault for each file that does not open.
void add_closed(std::vector<Finding>& findings, const std::vector<DeviceFile>& files, const std::string& remedy) {
  for (const DeviceFile& file : files) {
    if (file.error == 0) continue;
    findings.push_back({kSubject, Verdict::fault,
                        fmt::format("{} cannot be opened: {}", file.path, std::strerror(file.error)), remedy});
  }
}

// NVIDIA_DRIVER_CAPABILITIES, which says what of the driver a container is given. Where it is not set, something else
// than NVIDIA's runtime may have given the GPU.
void add_capabilities(std::vector<Finding>& findings) {
  const char* const value = std::getenv("NVIDIA_DRIVER_CAPABILITIES");
  const std::string_view given = value == nullptr ? "" : value;
  if (given.empty() || given.contains("all")) return;
  static constexpr const char* kRemedy = "start it with -e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics";
  const auto add = [&](Verdict verdict, std::string_view what) {
    findings.push_back(
        {kSubject, verdict, fmt::format("the container was given the driver's parts {}, {}", given, what), kRemedy});
  };
  if (!given.contains("compute")) add(Verdict::fault, "without compute: cuda cannot run");
  if (!given.contains("graphics")) add(Verdict::note, "without graphics: Vulkan, and so webgpu, has no GPU");
}

void add_nvidia(std::vector<Finding>& findings, const MachineFacts& facts, const GpuSuccess& success) {
  const bool has_gpu = std::ranges::any_of(facts.nvidia_files, [](const DeviceFile& file) {
    return !file.path.ends_with("ctl") && !file.path.ends_with("uvm");
  });
  if (!has_gpu && facts.is_container) {
    findings.push_back({kSubject, Verdict::fault,
                        "the machine has an NVIDIA GPU, which this container was not given (no /dev/nvidia0)",
                        "start the container with " + std::string(kGpuFlags)});
    return;
  }
  if (!has_gpu && facts.has_nvidia_module) {
    findings.push_back({kSubject, Verdict::note, "the NVIDIA GPU has no device file yet (/dev/nvidia0)",
                        "nvidia-modprobe -u -c 0; the service nvidia-persistenced makes it when the machine starts"});
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
  if (!has_manifest && !success.webgpu) {
    findings.push_back(
        {kSubject, Verdict::note,
         "no manifest of NVIDIA's Vulkan driver (nvidia_icd.json): webgpu may not find the GPU",
         facts.is_container
             ? "start the container with --runtime=nvidia and the capability graphics (docs/webgpu.md, Containers)"
             : "install the Vulkan part of the driver (docs/webgpu.md, Vulkan on Debian and Ubuntu)"});
  }
}

void add_render(std::vector<Finding>& findings, const MachineFacts& facts) {
  constexpr const char* kContainer =
      "start the container with --device /dev/dri --group-add \"$(stat -c %g /dev/dri/renderD128)\"";
  if (!facts.render_files.empty()) {
    add_closed(findings, facts.render_files,
               facts.is_container ? kContainer : "sudo usermod -aG render \"$USER\", then log in anew");
    return;
  }
  findings.push_back({kSubject, Verdict::note, "the AMD or Intel GPU has no device file (/dev/dri/renderD*)",
                      facts.is_container
                          ? kContainer
                          : "load the kernel's driver for it (amdgpu, i915 or xe); `dmesg` says why it is not"});
}

}  // namespace

Finding found_gpus(const MachineFacts& facts) {
  if (facts.is_wsl) return {"GPUs", Verdict::good, "those of Windows (WSL, /dev/dxg)", ""};
  std::string names;
  for (const GpuMaker maker : facts.gpus) names += (names.empty() ? "" : ", ") + std::string(name_of(maker));
  if (!names.empty()) return {"GPUs", Verdict::good, names, ""};
  return {"GPUs", Verdict::note, "none of NVIDIA, AMD or Intel on the PCI bus",
          facts.is_container ? "if the machine has one, start the container with it: " + std::string(kGpuFlags)
                             : "none is needed; a cloud machine gets one by its size"};
}

std::vector<Finding> check_gpu_access(const MachineFacts& facts, const GpuSuccess& success) {
  std::vector<Finding> findings;
  if (facts.has(GpuMaker::nvidia)) add_nvidia(findings, facts, success);
  if (facts.has(GpuMaker::amd) || facts.has(GpuMaker::intel)) add_render(findings, facts);
  for (Finding& finding : findings) {
    if (success.any && finding.verdict == Verdict::fault) finding.verdict = Verdict::note;
  }
  return findings;
}

}  // namespace gpu_host
