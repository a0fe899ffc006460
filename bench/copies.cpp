// Copies of 64 MB between a guest and a buffer, against memcpy.
#include <cstring>

#include "array.hpp"
#include "call_loop.hpp"
#include "comparison.hpp"

namespace gpu_host::bench {
namespace {

constexpr std::uint32_t kBytes = 64 << 20;

// From one array of the host to another, warm.
Operation memcpy_loop() {
  return [from = Array<std::byte>(kBytes), to = Array<std::byte>(kBytes)](std::int64_t count) {
    return seconds_of([&] {
      for (std::int64_t i = 0; i < count; ++i) std::memcpy(to.data(), from.data(), kBytes);
    });
  };
}

void add(std::vector<Comparison>& comparisons, const char* name, Call call) {
  comparisons.push_back(
      {.name = std::string(name) + "-64M",
       .ours = std::string(name) + " of 64 MB",
       .reference = "memcpy of 64 MB",
       .target = {TargetKind::speed_at_least, 0.8},
       .prepare = [call = std::move(call)] { return Sides{call_loop_with_block(call, kBytes), memcpy_loop()}; }});
}

}  // namespace

void add_copies(std::vector<Comparison>& comparisons) {
  add(comparisons, "buffer-write", {kCompute, "buffer-write", {1u, std::uint64_t{0}, kBlock, kBytes}});
  add(comparisons, "buffer-read", {kCompute, "buffer-read", {1u, std::uint64_t{0}, kBytes}});
}

}  // namespace gpu_host::bench
