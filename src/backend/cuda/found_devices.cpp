#include "backend/cuda/found_devices.hpp"

#include <array>
#include <climits>
#include <string>

namespace gpu_host::cuda {
namespace {

constexpr int kOldestMajor = 8;  // compute capability
// Elementary steps of a launch: some hundredths of a second.
constexpr std::uint64_t kWork = std::uint64_t{1} << 33U;
// cuBLAS has gone wrong, up to an illegal address, in matrices of more.
constexpr std::uint64_t kExtent = INT_MAX;

// "" where the driver answered.
std::string ask(CUresult result) { return result == CUDA_SUCCESS ? "" : text(result); }

std::uint32_t attribute(CUdevice device, CUdevice_attribute name) {
  int value = 0;
  return driver().DeviceGetAttribute(&value, name, device) == CUDA_SUCCESS ? static_cast<std::uint32_t>(value) : 0;
}

FoundDevice find(std::uint32_t index) {
  FoundDevice found{.entry = {.backend = "cuda", .index = index, .info = {}, .reason = {}}, .limits = {}};
  std::array<char, 256> name{};
  std::size_t memory = 0;
  std::string& reason = found.entry.reason;
  reason = ask(driver().DeviceGet(&found.device, static_cast<int>(index)));
  if (reason.empty()) reason = ask(driver().DeviceGetName(name.data(), static_cast<int>(name.size()), found.device));
  if (reason.empty()) reason = ask(driver().DeviceTotalMem_v2(&memory, found.device));
  if (!reason.empty()) return found;

  found.limits = {.max_work = kWork,
                  .max_extent = kExtent,
                  .multiprocessors = attribute(found.device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
                  .major = attribute(found.device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
                  .minor = attribute(found.device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)};
  const std::string capability = std::to_string(found.limits.major) + "." + std::to_string(found.limits.minor);
  if (found.limits.major < kOldestMajor) {
    reason = std::string(name.data()) + " has compute capability " + capability + ", this build needs " +
             std::to_string(kOldestMajor) + ".0; try the webgpu backend";
  } else if (attribute(found.device, CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED) == 0) {
    reason =
        std::string(name.data()) + " has no memory pools here (as under some virtual GPUs); try the webgpu backend";
  } else if (attribute(found.device, CU_DEVICE_ATTRIBUTE_COMPUTE_MODE) == CU_COMPUTEMODE_PROHIBITED) {
    reason = std::string(name.data()) + " has the compute mode \"prohibited\"; see nvidia-smi -c";
  } else {
    found.entry.info = DeviceInfo{.name = name.data(),
                                  .backend = "cuda",
                                  .total_memory = memory,
                                  .is_hardware = true,
                                  .compute_capability = capability};
  }
  return found;
}

}  // namespace

const Result<std::vector<FoundDevice>>& found_devices() {
  static const auto* const all = new Result<std::vector<FoundDevice>>([] -> Result<std::vector<FoundDevice>> {
    if (const auto& opened = open_cuda(); !opened) return std::unexpected(opened.error());
    int count = 0;
    if (const auto reason = ask(driver().DeviceGetCount(&count)); !reason.empty()) {
      return error(ErrorKind::device, "NVIDIA's driver cannot list its devices: " + reason);
    }
    if (count == 0) return error(ErrorKind::device, "NVIDIA's driver has no device; see CUDA_VISIBLE_DEVICES");
    std::vector<FoundDevice> found;
    found.reserve(static_cast<std::size_t>(count));
    for (int index = 0; index < count; ++index) found.push_back(find(static_cast<std::uint32_t>(index)));
    return found;
  }());
  return *all;
}

}  // namespace gpu_host::cuda
