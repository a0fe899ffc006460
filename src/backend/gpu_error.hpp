// The errors of wasi:gpu (variant gpu-error in wit/compute.wit), as values.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace gpu_host {

enum class GpuErrorCode : std::uint8_t {
  out_of_memory,
  invalid_buffer,
  kernel_error,
  device_unavailable,
  invalid_params,
};

struct GpuError {
  GpuErrorCode code;
  // What the guest reads for kernel_error and invalid_params; for the other
  // codes, whose WIT cases carry nothing, what the host logs.
  std::string message;
};

template <class T>
using GpuResult = std::expected<T, GpuError>;

[[nodiscard]] inline std::unexpected<GpuError> gpu_error(GpuErrorCode code, std::string message = {}) {
  return std::unexpected(GpuError{code, std::move(message)});
}

// What work that was told to stop ends with.
[[nodiscard]] inline std::unexpected<GpuError> interrupted() {
  return gpu_error(GpuErrorCode::kernel_error, "interrupted");
}

// The WIT's name of a case.
[[nodiscard]] constexpr std::string_view name_of(GpuErrorCode code) {
  switch (code) {
    case GpuErrorCode::out_of_memory:
      return "out-of-memory";
    case GpuErrorCode::invalid_buffer:
      return "invalid-buffer";
    case GpuErrorCode::kernel_error:
      return "kernel-error";
    case GpuErrorCode::device_unavailable:
      return "device-unavailable";
    case GpuErrorCode::invalid_params:
      return "invalid-params";
  }
  std::unreachable();
}

// For logs: the case and its message.
[[nodiscard]] inline std::string describe(const GpuError& error) {
  return std::string(name_of(error.code)) + (error.message.empty() ? "" : ": ") + error.message;
}

}  // namespace gpu_host
