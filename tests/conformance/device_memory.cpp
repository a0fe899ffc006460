#include "conformance/device_memory.hpp"

#include <stdexcept>

namespace gpu_host::conformance {

std::optional<GpuError> outcome(Stream& stream, const GpuResult<void>& result) {
  if (!result) return result.error();
  stream.wait();
  return stream.take_error();
}

void expect_success(Stream& stream, const GpuResult<void>& result) {
  const std::optional<GpuError> error = outcome(stream, result);
  EXPECT_FALSE(error.has_value()) << "code " << static_cast<int>(error->code) << ": " << error->message;
}

DeviceMemory::DeviceMemory(Stream& stream, std::uint64_t size) : stream_(&stream) {
  GpuResult<std::unique_ptr<Buffer>> buffer = stream.allocate(size);
  if (!buffer) throw std::runtime_error("allocate: " + buffer.error().message);
  buffer_ = std::move(*buffer);
}

void DeviceMemory::write(std::uint64_t offset, std::span<const std::byte> data) const {
  const GpuResult<void> result = stream_->write(*buffer_, offset, data);
  if (!result) throw std::runtime_error("write: " + result.error().message);
}

std::vector<std::byte> DeviceMemory::read(std::uint64_t offset, std::uint64_t size) const {
  std::vector<std::byte> bytes(size);
  const GpuResult<void> result =
      stream_->read(*buffer_, offset, size, [&]() -> GpuResult<std::span<std::byte>> { return bytes; });
  if (!result) throw std::runtime_error("read: " + result.error().message);
  return bytes;
}

}  // namespace gpu_host::conformance
