// WASI preview 1 for one instance, as its options say.
#pragma once

#include "gpu_host/instance.hpp"
#include "gpu_host/result.hpp"
#include "host/wasmtime.hpp"

namespace gpu_host {

// not_found or invalid_argument name the argument, variable or folder that is wrong.
[[nodiscard]] Result<WasiConfigPtr> make_wasi_config(const InstanceOptions& options);

}  // namespace gpu_host
