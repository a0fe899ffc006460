// What the program itself has to say, on standard error.
#pragma once

#include <string>

#include "gpu_host/result.hpp"

namespace gpu_host::cli {

// What cannot be written, as when standard error is closed, is lost and changes nothing.
void say(const std::string& text);

// Says the error; returns the exit code for its kind.
[[nodiscard]] int fail(const Error& error);

}  // namespace gpu_host::cli
