// An embedder's array between canaries.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fuzz/check.hpp"

namespace gpu_host::fuzz {

class SharedArray {
 public:
  SharedArray(std::size_t size, std::uint8_t seed, bool read_only)
      : size_(size), read_only_(read_only), storage_(size + 2 * kCanary, kCanaryByte) {
    for (std::byte& byte : bytes()) byte = static_cast<std::byte>(seed++);
    original_.assign(bytes().begin(), bytes().end());
  }

  [[nodiscard]] std::span<std::byte> bytes() { return std::span(storage_).subspan(kCanary, size_); }

  // Nothing around it changed, and itself only where it may.
  void check_untouched() {
    const std::span all(storage_);
    const auto intact = [](std::byte byte) { return byte == kCanaryByte; };
    check(std::ranges::all_of(all.first(kCanary), intact), "the bytes before a shared array changed");
    check(std::ranges::all_of(all.last(kCanary), intact), "the bytes behind a shared array changed");
    if (read_only_) check(std::ranges::equal(bytes(), original_), "a read-only array changed");
  }

 private:
  static constexpr std::size_t kCanary = 64;
  static constexpr std::byte kCanaryByte{0xc5};

  std::size_t size_;
  bool read_only_;
  std::vector<std::byte> storage_;
  std::vector<std::byte> original_;
};

}  // namespace gpu_host::fuzz
