// Which bins of a histogram have rows.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace gpu_host::cpu {

template <std::uint32_t N>
class Occupied {
 public:
  Occupied() = default;
  // `seen`: 1 of each bin that is, else 0, and afterwards 0 of all. To set these is less work than to insert one bin
  // after the other.
  [[nodiscard]] static Occupied taken_from(std::array<std::uint8_t, N>& seen) {
    Occupied occupied;
    for (std::uint32_t i = 0; i < N; i += 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, &seen[i], sizeof(eight));
      occupied.words_[i / 64] |= (eight * 0x0102040810204080 >> 56U) << (i % 64);
      eight = 0;
      std::memcpy(&seen[i], &eight, sizeof(eight));
    }
    return occupied;
  }

  void insert(std::uint32_t bin) { words_[bin / 64] |= std::uint64_t{1} << (bin % 64); }
  void erase(std::uint32_t bin) { words_[bin / 64] &= ~(std::uint64_t{1} << (bin % 64)); }
  [[nodiscard]] bool contains(std::uint32_t bin) const { return (words_[bin / 64] >> (bin % 64) & 1U) != 0; }

  [[nodiscard]] bool are_more_than(std::uint32_t most) const {
    std::uint32_t n = 0;
    for (std::uint64_t word : words_) {
      for (; word != 0; word &= word - 1) {
        if (++n > most) return true;
      }
    }
    return false;
  }

  // In order.
  template <class Body>
  void for_each(const Body& body) const {
    for (std::uint32_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1) {
        body(i * 64 + static_cast<std::uint32_t>(std::countr_zero(word)));
      }
    }
  }

 private:
  std::array<std::uint64_t, N / 64> words_{};
};

}  // namespace gpu_host::cpu
