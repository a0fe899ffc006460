// A thread whose stack is as large as asked for.
#pragma once

#include <cstddef>
#include <functional>

#include "gpu_host/result.hpp"

namespace gpu_host {

// Calls `function` on a new thread with at least `stack_size` bytes of stack, and
// waits for it. What it throws is thrown here. internal where there is no room for
// such a thread.
[[nodiscard]] Result<void> run_on_stack(std::size_t stack_size, const std::function<void()>& function);

}  // namespace gpu_host
