// Which backends this build has, and which one a run gets.
#pragma once

#include <memory>
#include <span>

#include "backend/backend.hpp"
#include "gpu_host/result.hpp"

namespace gpu_host {

// All backends of the contract, best first, those that this build lacks included
// (their devices() says so). They live as long as the process.
[[nodiscard]] std::span<Backend* const> all_backends();

// Whether the choice (or the environment) names a backend: a named one that
// cannot run is an error at once, never replaced by another.
[[nodiscard]] bool names_backend(const DeviceChoice& choice);

// Whether the choice makes sense on any machine: invalid_argument names an unknown
// backend and what there is.
[[nodiscard]] Result<void> check_choice(const DeviceChoice& choice);

// The error says which backend or device was asked for, why it cannot be used,
// and what there is.
[[nodiscard]] Result<std::shared_ptr<Device>> open_device(const DeviceChoice& choice);

}  // namespace gpu_host
