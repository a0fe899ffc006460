// A property that does not hold ends the process: the fuzzer keeps the input.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace gpu_host::fuzz {

[[noreturn]] inline void fail(std::string_view what) {
  fmt::print(stderr, "property violated: {}\n", what);
  (void)std::fflush(stderr);
  std::abort();
}

template <class... Args>
void check(bool holds, fmt::format_string<Args...> what, Args&&... args) {
  if (!holds) fail(fmt::format(what, std::forward<Args>(args)...));
}

}  // namespace gpu_host::fuzz
