#include "backend/cuda/device_error.hpp"

#include <cstdint>
#include <string>

#include "backend/cuda/launch_sizes.hpp"
#include "backend/kernel_errors.hpp"

namespace gpu_host::cuda {

std::optional<GpuError> device_error(const ErrorSlot& slot) {
  if (slot.reports == 0) return std::nullopt;
  const auto& values = slot.values;
  switch (slot.kind) {
    case ReportKind::bad_row:
      return kernel_errors::bad_row(values[0], low(values[1]), values[2]);
    case ReportKind::bad_offset:
      return kernel_errors::bad_offset(values[0], low(values[1]), values[2]);
    case ReportKind::bad_feature:
      return kernel_errors::bad_feature(values[0], static_cast<std::int32_t>(low(values[1])), low(values[2]));
    case ReportKind::bad_left:
      return kernel_errors::bad_left(values[0], low(values[1]), values[2], values[3]);
    case ReportKind::bad_right:
      return kernel_errors::bad_right(values[0], low(values[1]), values[2], values[3]);
    case ReportKind::no_leaf:
      return kernel_errors::no_leaf(values[0], low(values[1]), values[2]);
  }
  return GpuError{GpuErrorCode::kernel_error, "a kernel reported an error of unknown kind " +
                                                  std::to_string(static_cast<std::uint32_t>(slot.kind))};
}

}  // namespace gpu_host::cuda
