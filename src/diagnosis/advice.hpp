// The troubleshooting guide (docs/cuda.md, docs/webgpu.md) as a table.
#pragma once

#include <span>
#include <string_view>

namespace gpu_host {

struct Advice {
  std::string_view backend;
  std::string_view says;  // part of why a device cannot be used
  std::string_view remedy;
  bool is_absence = false;  // of what a machine without a GPU need not have
};

[[nodiscard]] std::span<const Advice> all_advice();

// The first that fits the reason why a device of a backend cannot be used; where none does, what to read.
[[nodiscard]] Advice advice_for(std::string_view backend, std::string_view reason);

}  // namespace gpu_host
