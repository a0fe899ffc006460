// What the native host calls share.
#pragma once

#include <expected>
#include <type_traits>
#include <utility>

#include "backend/gpu_error.hpp"
#include "wasi_gpu/error.hpp"
#include "wasi_gpu/session.hpp"

namespace wasi_gpu::native {

// The process's one session, on the cpu backend; asked for once in each host call.
[[nodiscard]] gpu_host::Session& session();

[[nodiscard]] inline std::unexpected<Error> translated(gpu_host::GpuError error) {
  // The host's codes are in the order of the contract's cases, as are the guest's.
  return std::unexpected(Error{static_cast<ErrorCode>(error.code), std::move(error.message)});
}

template <class T>
[[nodiscard]] Result<T> translated(gpu_host::GpuResult<T> result) {
  if (!result) return translated(std::move(result.error()));
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return *std::move(result);
  }
}

}  // namespace wasi_gpu::native
