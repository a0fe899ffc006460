// The errors of wasi:gpu (variant gpu-error in wit/compute.wit), as values.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
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

}  // namespace gpu_host
