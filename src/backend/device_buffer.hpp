// Buffers in a device's own memory. Of an embedder's array such a buffer is a copy.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "backend/backend.hpp"

namespace gpu_host {

class DeviceBuffer : public Buffer {
 public:
  explicit DeviceBuffer(std::uint64_t size) : Buffer(size, false) {}
  explicit DeviceBuffer(WrappedMemory array) : Buffer(array.bytes.size(), array.read_only), array_(std::move(array)) {}

  [[nodiscard]] std::span<std::byte> array() const { return array_.bytes; }  // empty: there is none
  // Whether the device has written what the array lacks.
  [[nodiscard]] bool is_ahead() const { return is_ahead_; }
  void set_ahead(bool is_ahead) { is_ahead_ = is_ahead; }

 private:
  WrappedMemory array_;
  bool is_ahead_ = false;
};

// The arrays whose copies a stream's work may write.
class CopiedArrays {
 public:
  // Reads the whole buffer, as Stream::read.
  using Read = std::function<GpuResult<void>(const DeviceBuffer& buffer, const ReadDestination& destination)>;

  explicit CopiedArrays(Read read) : read_(std::move(read)) {}

  void add(DeviceBuffer& copy) { copies_.push_back(&copy); }
  // Copies what the device wrote into the arrays.
  [[nodiscard]] GpuResult<void> update();
  // For the last time. What was not added may be given too.
  [[nodiscard]] GpuResult<void> remove(DeviceBuffer& copy);

 private:
  [[nodiscard]] GpuResult<void> update(DeviceBuffer& copy);

  Read read_;
  std::vector<DeviceBuffer*> copies_;
};

}  // namespace gpu_host
