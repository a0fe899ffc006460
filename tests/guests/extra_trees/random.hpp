// Random numbers of the guest's own.
#pragma once

#include <cstdint>

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // From 0 up to, not including, 1.
  double uniform() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t bits = (state_ ^ (state_ >> 32U)) * 0xd6e8feb86659fd93U;
    bits = (bits ^ (bits >> 32U)) * 0xd6e8feb86659fd93U;
    return static_cast<double>((bits ^ (bits >> 32U)) >> 11U) * 0x1p-53;
  }

 private:
  std::uint64_t state_;
};
