// Errors of the library on their way to Python.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "gpu_host/result.hpp"

namespace gpu_host_python {

// What became of a call. Each is an exception of Python (module.cpp).
enum class FailureKind {
  value,      // ValueError
  type,       // TypeError
  not_found,  // FileNotFoundError
  memory,     // MemoryError
  timeout,    // TimeoutError
  device,     // wasm_ml.errors.DeviceError
  trap,       // wasm_ml.errors.TrapError
  limit,      // wasm_ml.errors.LimitError
  other,      // wasm_ml.errors.Error
};

class Failure : public std::exception {
 public:
  Failure(FailureKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}
  explicit Failure(const gpu_host::Error& error);

  [[nodiscard]] FailureKind kind() const { return kind_; }
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

 private:
  FailureKind kind_;
  std::string message_;
};

// Of what wasm_ml says when it fails, which names the kind.
[[nodiscard]] Failure failure_of_module(std::string message);

template <class T>
T checked(gpu_host::Result<T> result) {
  if (!result) throw Failure(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace gpu_host_python
