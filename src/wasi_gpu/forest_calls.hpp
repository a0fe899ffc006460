// What the calls of wasi:gpu/forest have in common.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "wasi_gpu/arguments.hpp"
#include "wasi_gpu/forest.hpp"

namespace gpu_host::wasi_gpu {

// The session's resource of a kind; keeps the error where it has none.
template <class Resource>
Resource* resource(Arguments& arguments, Session& session, ResourceHandle handle, std::string_view name) {
  auto* const found = session.resources().find<Resource>(handle);
  arguments.require(found != nullptr, [&] {
    return fmt::format("{}: {} is not a live {} of this instance", name, handle, Resource::kName);
  });
  return arguments ? found : nullptr;
}

// What a call of an engine returns, on the stream's clock.
template <class Work, class Result = std::invoke_result_t<Work>>
Result perform(Stream& stream, std::string_view operation, const Work& work) {
  std::optional<Result> result;
  auto done = stream.perform(operation, [&] -> GpuResult<void> {
    result = work();
    if (!*result) return std::unexpected(result->error());
    return {};
  });
  if (!done) return std::unexpected(std::move(done.error()));
  return *std::move(result);
}

// Memory of the quota for as long as a call runs.
[[nodiscard]] inline GpuResult<MemoryCharge> charge(Session& session, std::uint64_t bytes) {
  MemoryCharge charge(session.buffers().memory());
  auto taken = charge.set(bytes);
  if (!taken) return std::unexpected(std::move(taken.error()));
  return charge;
}

template <class T>
[[nodiscard]] std::uint64_t bytes_of(const std::vector<T>& list) {
  return list.size() * sizeof(T);
}

[[nodiscard]] inline std::unexpected<GpuError> no_forests() {
  return gpu_error(GpuErrorCode::device_unavailable, "this backend does not grow forests");
}

}  // namespace gpu_host::wasi_gpu
