// Errors of wasi:gpu (variant gpu-error), as values.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace wasi_gpu {

// In the order of the variant's cases, which is what crosses the boundary.
enum class ErrorCode : std::uint8_t { out_of_memory, invalid_buffer, kernel_error, device_unavailable, invalid_params };

struct Error {
  ErrorCode code = ErrorCode::kernel_error;
  std::string message;  // may be empty: not every case carries a text
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] constexpr const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::out_of_memory:
      return "out of memory";
    case ErrorCode::invalid_buffer:
      return "invalid buffer";
    case ErrorCode::kernel_error:
      return "kernel error";
    case ErrorCode::device_unavailable:
      return "device unavailable";
    case ErrorCode::invalid_params:
      return "invalid parameters";
  }
  return "unknown error";
}

// One line for people: "invalid parameters: …".
[[nodiscard]] inline std::string describe(const Error& error) {
  std::string text = name_of(error.code);
  if (!error.message.empty()) text += ": " + error.message;
  return text;
}

}  // namespace wasi_gpu
