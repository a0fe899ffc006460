#include "backend/device_buffer.hpp"

namespace gpu_host {

GpuResult<void> CopiedArrays::update() {
  for (DeviceBuffer* const copy : copies_) {
    if (auto updated = update(*copy); !updated) return updated;
  }
  return {};
}

GpuResult<void> CopiedArrays::remove(DeviceBuffer& copy) {
  return std::erase(copies_, &copy) == 0 ? GpuResult<void>{} : update(copy);
}

GpuResult<void> CopiedArrays::update(DeviceBuffer& copy) {
  if (!copy.is_ahead()) return {};
  auto result = read_(copy, [&copy] { return copy.array(); });
  if (result) copy.set_ahead(false);
  return result;
}

}  // namespace gpu_host
