#include "diagnosis/machine_facts.hpp"

#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <utility>

namespace gpu_host {
namespace {

std::vector<std::string> files_like(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> files;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  return files;
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

std::vector<DeviceFile> device_files(const std::string& pattern) {
  std::vector<DeviceFile> files;
  for (const std::string& path : files_like(pattern)) {
    const int file = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    files.push_back({path, file < 0 ? errno : 0});
    if (file >= 0) close(file);
  }
  return files;
}

// The number in a file of sysfs, such as 0x10de; 0 where there is none.
unsigned long number_in(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  file >> text;
  return std::strtoul(text.c_str(), nullptr, 0);
}

std::optional<GpuMaker> maker_of(unsigned long vendor) {
  switch (vendor) {
    case 0x10de:
      return GpuMaker::nvidia;
    case 0x1002:
      return GpuMaker::amd;
    case 0x8086:
      return GpuMaker::intel;
    default:
      return std::nullopt;  // what servers have for their consoles, and virtual machines
  }
}

std::vector<GpuMaker> gpus_on_pci(const std::string& root) {
  constexpr unsigned kDisplay = 0x03;      // the class of graphics cards and 3D controllers
  constexpr unsigned kAccelerator = 0x12;  // that of AMD's for servers
  std::vector<GpuMaker> makers;
  for (const std::string& device : files_like(root + "/sys/bus/pci/devices/*")) {
    const auto kind = number_in(device + "/class") >> 16U;
    const auto maker = maker_of(number_in(device + "/vendor"));
    if (kind != kDisplay && !(kind == kAccelerator && maker == GpuMaker::amd)) continue;
    if (maker && std::ranges::find(makers, *maker) == makers.end()) makers.push_back(*maker);
  }
  return makers;
}

bool is_in_container(const std::string& root) {
  if (exists(root + "/.dockerenv") || exists(root + "/run/.containerenv")) return true;
  return std::getenv("KUBERNETES_SERVICE_HOST") != nullptr || std::getenv("container") != nullptr;
}

}  // namespace

std::string_view name_of(GpuMaker maker) {
  switch (maker) {
    case GpuMaker::nvidia:
      return "NVIDIA";
    case GpuMaker::amd:
      return "AMD";
    case GpuMaker::intel:
      return "Intel";
  }
  std::unreachable();
}

bool MachineFacts::has(GpuMaker maker) const { return std::ranges::find(gpus, maker) != gpus.end(); }

MachineFacts machine_facts(const std::string& root) {
  MachineFacts facts;
  facts.is_container = is_in_container(root);
  facts.gpus = gpus_on_pci(root);
  facts.has_nvidia_module = exists(root + "/proc/driver/nvidia/version");
  for (const char* const pattern : {"/dev/nvidia[0-9]*", "/dev/nvidiactl", "/dev/nvidia-uvm"}) {
    std::ranges::move(device_files(root + pattern), std::back_inserter(facts.nvidia_files));
  }
  // A virtual machine may have no PCI bus.
  if (!facts.nvidia_files.empty() && !facts.has(GpuMaker::nvidia)) facts.gpus.push_back(GpuMaker::nvidia);
  facts.render_files = device_files(root + "/dev/dri/renderD*");
  facts.is_wsl = exists(root + "/dev/dxg");
  for (const char* const folder : {"/etc/vulkan/icd.d/*.json", "/usr/share/vulkan/icd.d/*.json"}) {
    std::ranges::move(files_like(root + folder), std::back_inserter(facts.vulkan_manifests));
  }
  return facts;
}

}  // namespace gpu_host
