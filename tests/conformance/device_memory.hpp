// Buffers for tests: owned, typed to upload and download, and outputs with a
// guarded tail. What should not fail throws, which GoogleTest reports.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "backend/backend.hpp"

namespace gpu_host::conformance {

// The error of a call: at once, or late, after waiting for it.
[[nodiscard]] std::optional<GpuError> outcome(Stream& stream, const GpuResult<void>& result);

void expect_success(Stream& stream, const GpuResult<void>& result);

class DeviceMemory {
 public:
  DeviceMemory(Stream& stream, std::uint64_t size);
  DeviceMemory(Stream& stream, std::unique_ptr<Buffer> buffer) : stream_(&stream), buffer_(std::move(buffer)) {}
  DeviceMemory(DeviceMemory&&) = default;
  DeviceMemory& operator=(DeviceMemory&&) = delete;
  ~DeviceMemory() {
    if (buffer_) stream_->release(std::move(buffer_));
  }

  [[nodiscard]] Buffer& operator*() const { return *buffer_; }

  void write(std::uint64_t offset, std::span<const std::byte> data) const;
  [[nodiscard]] std::vector<std::byte> read(std::uint64_t offset, std::uint64_t size) const;

  template <class T>
  [[nodiscard]] std::vector<T> download(std::size_t count) const {
    const std::vector<std::byte> bytes = read(0, count * sizeof(T));
    std::vector<T> values(count);
    std::ranges::copy(bytes, std::as_writable_bytes(std::span(values)).begin());
    return values;
  }

 private:
  Stream* stream_;
  std::unique_ptr<Buffer> buffer_;
};

// Nothing becomes a buffer of 4 bytes, since none can be empty.
template <class T>
[[nodiscard]] DeviceMemory upload(Stream& stream, const std::vector<T>& values) {
  DeviceMemory memory(stream, values.empty() ? 4 : values.size() * sizeof(T));
  memory.write(0, std::as_bytes(std::span(values)));
  return memory;
}

inline constexpr std::size_t kGuardBytes = 64;
inline constexpr std::byte kGuard{0xa5};

// Runs a kernel that must succeed on an output with a guarded tail, which must
// stay as it was, and returns the output's `count` elements.
template <class T, class Launch>
[[nodiscard]] std::vector<T> run_kernel(Stream& stream, std::size_t count, const Launch& launch) {
  const std::size_t size = count * sizeof(T);
  const DeviceMemory output = upload(stream, std::vector<std::byte>(size + kGuardBytes, kGuard));
  const GpuResult<void> result = launch(*output);
  expect_success(stream, result);
  EXPECT_EQ(output.read(size, kGuardBytes), std::vector<std::byte>(kGuardBytes, kGuard)) << "written past the output";
  return output.template download<T>(count);
}

}  // namespace gpu_host::conformance
