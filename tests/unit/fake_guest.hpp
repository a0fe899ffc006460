// A guest that is plain memory and an allocator that the test writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include "abi/guest.hpp"

namespace gpu_host::test {

class FakeGuest final : public abi::Guest {
 public:
  // cabi_realloc(0, 0, align, size); none where it is empty.
  std::function<std::expected<std::uint32_t, abi::Trap>(std::uint32_t align, std::uint32_t size)> allocator;
  std::vector<std::byte> bytes;
  bool exports_memory = true;

  explicit FakeGuest(std::size_t size) : bytes(size, std::byte{0xaa}) {}

  // Hands out blocks from `next` on, one behind the other, aligned.
  void use_bump_allocator(std::uint32_t next) {
    allocator = [next](std::uint32_t align, std::uint32_t size) mutable {
      const std::uint32_t block = (next + align - 1) / align * align;
      next = block + size;
      return block;
    };
  }

  std::span<std::byte> memory() override { return exports_memory ? std::span(bytes) : std::span<std::byte>(); }
  bool has_allocator() override { return static_cast<bool>(allocator); }
  std::expected<std::uint32_t, abi::Trap> allocate(std::uint32_t align, std::uint32_t size) override {
    return allocator(align, size);
  }

  [[nodiscard]] std::uint32_t u32(std::size_t address) const {
    std::uint32_t value = 0;
    std::memcpy(&value, &bytes.at(address), sizeof value);
    return value;
  }
  [[nodiscard]] std::string text(std::uint32_t address, std::uint32_t length) const {
    return {reinterpret_cast<const char*>(&bytes.at(address)), length};
  }
};

// What an untouched word of the guest reads as.
inline constexpr std::uint32_t kUntouched = 0xaaaaaaaa;

}  // namespace gpu_host::test
