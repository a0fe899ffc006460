// Which of some backends' devices a choice means (registry.hpp applies this to
// the backends of this build).
#pragma once

#include <memory>
#include <span>
#include <string>

#include "backend/registry.hpp"

namespace gpu_host {

// A backend's name, and where it came from.
struct NamedBackend {
  std::string name;  // empty: none is named
  bool from_environment = false;
};

// The choice's name, else that of WASMTIME_GPU_HOST_BACKEND (unset and empty are the same).
[[nodiscard]] NamedBackend named_backend(const DeviceChoice& choice);

// invalid_argument where a name is given that no backend has.
[[nodiscard]] Result<void> check_name(std::span<Backend* const> backends, const NamedBackend& named);

// `backends` are in order of preference. Where none is named, the best that works
// is the first with a device that is hardware, else cpu: software that poses as a
// GPU is slower than the cpu backend and must be asked for by name.
[[nodiscard]] Result<std::shared_ptr<Device>> select_device(std::span<Backend* const> backends,
                                                            const NamedBackend& named,
                                                            std::optional<std::uint32_t> index);

}  // namespace gpu_host
