// Memory of the CPU backend: its own, zeroed and aligned to 64 bytes, or an
// embedder's, aligned to 4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>

#include "backend/backend.hpp"

namespace gpu_host::cpu {

inline constexpr std::size_t kBufferAlignment = 64;

class CpuBuffer final : public Buffer {
 public:
  CpuBuffer(std::span<std::byte> bytes, bool read_only, std::shared_ptr<const void> owner)
      : Buffer(bytes.size(), read_only), bytes_(bytes.data()), owner_(std::move(owner)) {}

  [[nodiscard]] std::byte* bytes() { return bytes_; }
  [[nodiscard]] const std::byte* bytes() const { return bytes_; }

  // All whole T that the buffer holds.
  template <class T>
  [[nodiscard]] std::span<T> as() {
    return {reinterpret_cast<T*>(bytes_), static_cast<std::size_t>(size() / sizeof(T))};
  }
  template <class T>
  [[nodiscard]] std::span<const T> as() const {
    return {reinterpret_cast<const T*>(bytes_), static_cast<std::size_t>(size() / sizeof(T))};
  }

 private:
  std::byte* bytes_;
  std::shared_ptr<const void> owner_;
};

}  // namespace gpu_host::cpu
