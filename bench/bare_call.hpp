// The least that a host call can cost.
#pragma once

#include "comparison.hpp"

namespace gpu_host::bench {

// Calls, from a loop in a guest, a function that does nothing, defined by
// wasmtime_linker_define_func_unchecked.
[[nodiscard]] Operation bare_call_loop();

}  // namespace gpu_host::bench
