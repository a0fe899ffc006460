// What values are lifted from: flat core values, or guest memory.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "abi/flat.hpp"
#include "abi/layout.hpp"

namespace gpu_host::abi {

class FlatSource {
 public:
  explicit FlatSource(std::span<const FlatValue> values) : values_(values.data()) {}

  [[nodiscard]] FlatSource at(const Place& place) const { return FlatSource(values_ + place.flat); }

  template <IsNumber T>
  [[nodiscard]] T number() const {
    if constexpr (std::same_as<T, float>)
      return values_->f32;
    else if constexpr (std::same_as<T, double>)
      return values_->f64;
    else if constexpr (sizeof(T) == 4)
      return static_cast<T>(values_->i32);
    else
      return static_cast<T>(values_->i64);
  }

  // What is a byte in memory: all bits of a core value count.
  [[nodiscard]] std::uint32_t byte() const { return number<std::uint32_t>(); }

 private:
  explicit FlatSource(const FlatValue* values) : values_(values) {}
  const FlatValue* values_;
};

// Of bytes that are known to be inside guest memory.
class MemorySource {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes.data()) {}

  [[nodiscard]] MemorySource at(std::size_t offset) const { return MemorySource(bytes_ + offset); }
  [[nodiscard]] MemorySource at(const Place& place) const { return at(place.offset); }

  template <IsNumber T>
  [[nodiscard]] T number() const {
    T value;
    std::memcpy(&value, bytes_, sizeof value);
    return value;
  }

  [[nodiscard]] std::uint32_t byte() const { return std::to_integer<std::uint32_t>(*bytes_); }

 private:
  explicit MemorySource(const std::byte* bytes) : bytes_(bytes) {}
  const std::byte* bytes_;
};

}  // namespace gpu_host::abi
