#include "conformance/random.hpp"

namespace gpu_host::conformance {

std::uint32_t Random::below(std::uint32_t limit) {
  return static_cast<std::uint32_t>((std::uint64_t{bits()} * limit) >> 32);
}

float Random::uniform(float low, float high) {
  const double fraction = static_cast<double>(bits() >> 8) * 0x1p-24;
  return static_cast<float>(low + (static_cast<double>(high) - low) * fraction);
}

std::vector<float> Random::floats(std::size_t count, float low, float high) {
  std::vector<float> values(count);
  for (float& value : values) value = uniform(low, high);
  return values;
}

std::vector<std::uint32_t> Random::indices(std::size_t count, std::uint32_t limit) {
  std::vector<std::uint32_t> values(count);
  for (std::uint32_t& value : values) value = below(limit);
  return values;
}

std::vector<std::byte> Random::bytes(std::size_t count) {
  std::vector<std::byte> values(count);
  for (std::byte& value : values) value = static_cast<std::byte>(bits() >> 24);
  return values;
}

std::vector<std::uint32_t> small_counts() { return {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 63, 64, 65, 255, 256, 257, 1000}; }

std::vector<std::uint32_t> all_counts() {
  std::vector<std::uint32_t> counts = small_counts();
  counts.insert(counts.end(), {65'535, 65'536, 65'537, 1'000'003});
  return counts;
}

}  // namespace gpu_host::conformance
