// Seeded test data, the same on every platform: the standard fixes mt19937 but
// not the distributions, so the conversions are our own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace gpu_host::conformance {

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}

  [[nodiscard]] std::uint32_t bits() { return static_cast<std::uint32_t>(engine_()); }
  // From 0 up to, not including, `limit`, which is not 0.
  [[nodiscard]] std::uint32_t below(std::uint32_t limit);
  // From `low` up to `high`, in steps of 2^-24 of the way.
  [[nodiscard]] float uniform(float low, float high);

  [[nodiscard]] std::vector<float> floats(std::size_t count, float low, float high);
  [[nodiscard]] std::vector<std::uint32_t> indices(std::size_t count, std::uint32_t limit);
  [[nodiscard]] std::vector<std::byte> bytes(std::size_t count);

 private:
  std::mt19937 engine_;
};

// Counts around the widths at which implementations change their path.
[[nodiscard]] std::vector<std::uint32_t> small_counts();
// small_counts and those that need more than one block, up to 1 000 003.
[[nodiscard]] std::vector<std::uint32_t> all_counts();

}  // namespace gpu_host::conformance
