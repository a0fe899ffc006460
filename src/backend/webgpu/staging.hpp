// Memory that both the host and the device reach: what is written to the device passes
// through a ring of chunks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backend/webgpu/gpu.hpp"

namespace gpu_host::webgpu {

// Of one stream.
class Staging {
 public:
  static constexpr std::uint64_t kChunk = std::uint64_t{4} << 20U;

  explicit Staging(Gpu& gpu) : gpu_(&gpu) {}
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  // Nothing of it may be in use by the device.
  ~Staging();

  // Room for some bytes. The device may copy from it in the next submission.
  struct Room {
    std::span<std::byte> bytes;
    WGPUBuffer buffer;
    std::uint64_t offset;  // a multiple of 4
  };
  // Room for `size` bytes, a multiple of 4, or for the first of them. None where all chunks
  // are in use: submit, and wait for a submission.
  [[nodiscard]] GpuResult<Room> room(std::uint64_t size);

  // Before a submission, which is about to read what was written: closes it for the host.
  void close();
  // After that submission: opens it for the host again, once the device is done with it.
  void reopen();

 private:
  // `closed`: for the submission that is being made. The rest as its mapping is.
  enum class State : std::uint8_t { closed, mapping, mapped, failed };
  struct Chunk {
    DeviceMemory memory;
    std::byte* bytes = nullptr;  // while it is mapped and in use
    std::uint64_t used = 0;
    std::atomic<State> state = State::closed;  // set by whoever polls the device
  };
  static void map(Chunk& chunk);
  void finish_mapping(const Chunk& chunk);
  [[nodiscard]] Chunk* find();
  [[nodiscard]] GpuResult<void> add();

  Gpu* gpu_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
};

}  // namespace gpu_host::webgpu
