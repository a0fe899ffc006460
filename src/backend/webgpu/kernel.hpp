// Which pipeline a launch runs: a shader, one of its entry points, and values of
// its overrides.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>

namespace gpu_host::webgpu {

// A WGSL file, validated when the build embedded it; generated/shaders.hpp has them all.
struct Shader {
  std::string_view name;
  std::string_view source;
  std::uint32_t written;  // bit n: what is bound to slot n is written

  [[nodiscard]] bool writes(std::uint32_t slot) const { return (written >> slot & 1U) != 0; }
};

// An `override` of the shader. Without a name: none.
struct Constant {
  std::string_view name = {};
  double value = 0;

  auto operator<=>(const Constant&) const = default;
};

struct Kernel {
  const Shader* shader;
  std::string_view entry_point;
  std::array<Constant, 4> constants = {};

  auto operator<=>(const Kernel&) const = default;
};

}  // namespace gpu_host::webgpu
