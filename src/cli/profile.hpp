// --profile
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "gpu_host/host.hpp"

namespace gpu_host::cli {

// The guest's own stack, sampled.
struct GuestProfile {
  std::filesystem::path path = "wasmtime-guest-profile.json";
  std::chrono::nanoseconds interval = std::chrono::milliseconds(10);
};

struct ProfileOption {
  Profiler profiler = Profiler::none;
  std::optional<GuestProfile> guest = {};
};

inline constexpr std::string_view kProfileForms = "perfmap, jitdump, guest[,PATH[,INTERVAL]] (INTERVAL: 1us to 1h)";

// Nothing where the text is none of these forms.
[[nodiscard]] std::optional<ProfileOption> parse_profile(const std::string& text);

}  // namespace gpu_host::cli
