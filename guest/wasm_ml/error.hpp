// Errors of the module, as values.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "wasi_gpu/error.hpp"

namespace wasm_ml {

inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

struct Error {
  std::string message;  // names the culprit; one line for people
  int exit_code = kExitFailure;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(std::string message) {
  return std::unexpected(Error{std::move(message), kExitFailure});
}

[[nodiscard]] inline std::unexpected<Error> fail_usage(std::string message) {
  return std::unexpected(Error{std::move(message), kExitUsage});
}

// An error of the device, with what was being done.
[[nodiscard]] inline std::unexpected<Error> fail_device(const char* doing, const wasi_gpu::Error& error) {
  return fail(std::string(doing) + ": " + wasi_gpu::describe(error));
}

}  // namespace wasm_ml
