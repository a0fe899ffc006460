// The flat core values by which the canonical ABI passes arguments.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace gpu_host::abi {

enum class CoreType : std::uint8_t { i32, i64, f32, f64 };

// One core value; the same bits as Wasmtime's wasmtime_val_raw_t.
union FlatValue {
  std::int32_t i32;
  std::int64_t i64;
  float f32;
  double f64;
  std::byte v128[16];
};

// The numbers of the WIT whose bytes in memory are those of their core value.
template <class T>
concept IsNumber = std::same_as<T, std::uint32_t> || std::same_as<T, std::uint64_t> || std::same_as<T, std::int64_t> ||
                   std::same_as<T, float> || std::same_as<T, double>;

template <IsNumber T>
[[nodiscard]] consteval CoreType core_type() {
  if constexpr (std::same_as<T, float>) return CoreType::f32;
  if constexpr (std::same_as<T, double>) return CoreType::f64;
  return sizeof(T) == 4 ? CoreType::i32 : CoreType::i64;
}

}  // namespace gpu_host::abi
