#include "backend/webgpu/device_error.hpp"

#include <array>
#include <cstring>
#include <string>

#include "backend/kernel_errors.hpp"

namespace gpu_host::webgpu {
namespace {

// As in shaders/errors.wgsl.
enum class Kind : std::uint32_t {
  bad_row = 1,
  bad_offset = 2,
  bad_feature = 3,
  bad_left = 4,
  bad_right = 5,
  no_leaf = 6,
};

struct ErrorSlot {
  std::uint32_t reports;
  Kind kind;
  std::array<std::uint32_t, 6> values;
};
static_assert(sizeof(ErrorSlot) == kErrorSlotBytes);

}  // namespace

std::optional<GpuError> device_error(std::span<const std::byte> slot) {
  ErrorSlot report{};
  std::memcpy(&report, slot.data(), sizeof(report));
  if (report.reports == 0) return std::nullopt;
  const auto& values = report.values;
  switch (report.kind) {
    case Kind::bad_row:
      return kernel_errors::bad_row(values[0], values[1], values[2]);
    case Kind::bad_offset:
      return kernel_errors::bad_offset(values[0], values[1], values[2]);
    case Kind::bad_feature:
      return kernel_errors::bad_feature(values[0], static_cast<std::int32_t>(values[1]), values[2]);
    case Kind::bad_left:
      return kernel_errors::bad_left(values[0], values[1], values[2], values[3]);
    case Kind::bad_right:
      return kernel_errors::bad_right(values[0], values[1], values[2], values[3]);
    case Kind::no_leaf:
      return kernel_errors::no_leaf(values[0], values[1], values[2]);
  }
  return GpuError{GpuErrorCode::kernel_error, "a kernel reported an error of unknown kind " +
                                                  std::to_string(static_cast<std::uint32_t>(report.kind))};
}

}  // namespace gpu_host::webgpu
