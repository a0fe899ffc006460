// The flat core values by which the canonical ABI passes arguments.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gpu_host::abi {

enum class CoreType : std::uint8_t { i32, i64, f32 };

// One core value; the same bits as Wasmtime's wasmtime_val_raw_t.
union FlatValue {
  std::int32_t i32;
  std::int64_t i64;
  float f32;
  std::byte v128[16];
};

// Takes flat values one after the other.
class FlatReader {
 public:
  explicit FlatReader(std::span<const FlatValue> values) : next_(values.data()) {}

  std::uint32_t u32() { return std::bit_cast<std::uint32_t>(next_++->i32); }
  std::uint64_t u64() { return std::bit_cast<std::uint64_t>(next_++->i64); }
  float f32() { return next_++->f32; }

 private:
  const FlatValue* next_;
};

}  // namespace gpu_host::abi
