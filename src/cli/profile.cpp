#include "cli/profile.hpp"

#include "cli/duration.hpp"

namespace gpu_host::cli {

std::optional<ProfileOption> parse_profile(const std::string& text) {
  if (text == "perfmap") return ProfileOption{.profiler = Profiler::perfmap};
  if (text == "jitdump") return ProfileOption{.profiler = Profiler::jitdump};
  const auto comma = text.find(',');
  if (text.substr(0, comma) != "guest") return std::nullopt;
  GuestProfile guest;
  if (comma != std::string::npos) {
    const auto second = text.find(',', comma + 1);
    guest.path = text.substr(comma + 1, second == std::string::npos ? second : second - comma - 1);
    if (guest.path.empty()) return std::nullopt;
    if (second != std::string::npos) {
      const auto interval = parse_duration(std::string_view(text).substr(second + 1));
      if (!interval || *interval < std::chrono::microseconds(1) || *interval > std::chrono::hours(1)) {
        return std::nullopt;
      }
      guest.interval = *interval;
    }
  }
  return ProfileOption{.guest = guest};
}

}  // namespace gpu_host::cli
