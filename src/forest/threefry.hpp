// The forest's random numbers (docs/forest-numerics.md, 2).
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace gpu_host::forest {

struct Key {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
};

// Second counters, which keep apart what keys are used for.
enum class Purpose : std::uint32_t { words = 0, draws = 1, root = 2, child = 3, sample = 4 };

// Threefry-2x32 with 13 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
[[nodiscard]] constexpr Key threefry(Key key, std::uint32_t counter, std::uint32_t second) {
  constexpr std::array kRotations{13, 15, 26, 6, 17, 29, 16, 24};
  const std::array keys{key.low, key.high, 0x1BD11BDAU ^ key.low ^ key.high};
  std::uint32_t x = counter + keys[0];
  std::uint32_t y = second + keys[1];
  for (std::uint32_t round = 0; round < 13; ++round) {
    x += y;
    y = std::rotl(y, kRotations[round % 8]) ^ x;
    if (round % 4 != 3) continue;
    const std::uint32_t injection = round / 4 + 1;
    x += keys[injection % 3];
    y += keys[(injection + 1) % 3] + injection;
  }
  return {x, y};
}

[[nodiscard]] constexpr Key threefry(Key key, std::uint32_t counter, Purpose purpose) {
  return threefry(key, counter, static_cast<std::uint32_t>(purpose));
}

[[nodiscard]] constexpr Key key_of_seed(std::uint64_t seed) {
  return {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)};
}

// A number below `n`: the high half of the product.
[[nodiscard]] constexpr std::uint32_t below(std::uint32_t n, std::uint32_t word) {
  return static_cast<std::uint32_t>(std::uint64_t{n} * word >> 32U);
}

// A node's words, in order.
class Words {
 public:
  explicit constexpr Words(Key key) : key_(key) {}
  constexpr std::uint32_t next() {
    if (number_++ % 2 == 1) return pair_.high;
    pair_ = threefry(key_, number_ / 2, Purpose::words);
    return pair_.low;
  }

 private:
  Key key_;
  Key pair_{};
  std::uint32_t number_ = 0;
};

}  // namespace gpu_host::forest
