// Reading device memory: the only place where a stream waits for its results.
#include <atomic>
#include <memory>
#include <utility>

#include "backend/webgpu/commands.hpp"
#include "backend/webgpu/device_error.hpp"

namespace gpu_host::webgpu {
namespace {

constexpr WGPUBufferUsage kReadBackUsage = WGPUBufferUsage_MapRead | WGPUBufferUsage_CopyDst;
// Few sizes, so that the pool has the right one.
constexpr std::uint64_t kSmall = std::uint64_t{64} << 10U;
constexpr std::uint64_t kLarge = Commands::kMaxReadback + 256;

enum class Mapping : std::uint8_t { under_way, done, failed };
using MappingState = std::atomic<Mapping>;

GpuResult<DeviceMemory> readback_memory(Gpu& gpu, std::uint64_t size) {
  const std::uint64_t capacity = size <= kSmall ? kSmall : kLarge;
  if (auto pooled = gpu.readback().take(capacity)) return *std::move(pooled);
  auto buffer = gpu.create_buffer(capacity, kReadBackUsage, false);
  if (!buffer) return std::unexpected(std::move(buffer.error()));
  return DeviceMemory{.buffer = *std::move(buffer), .capacity = capacity};
}

// Maps the first `size` bytes, which the submission fills. Waits.
GpuResult<std::span<const std::byte>> map(Gpu& gpu, const DeviceMemory& memory, std::uint64_t size,
                                          WGPUSubmissionIndex submission) {
  auto state = std::make_unique<MappingState>(Mapping::under_way);
  WGPUBufferMapCallbackInfo callback{};
  callback.mode = WGPUCallbackMode_AllowSpontaneous;
  callback.userdata1 = state.get();
  callback.callback = [](WGPUMapAsyncStatus status, WGPUStringView, void* of, void*) {
    *static_cast<MappingState*>(of) = status == WGPUMapAsyncStatus_Success ? Mapping::done : Mapping::failed;
  };
  wgpu().BufferMapAsync(memory.buffer.get(), WGPUMapMode_Read, 0, size, callback);
  gpu.wait(submission);
  // Another thread's poll may be about to call back.
  while (*state == Mapping::under_way && !gpu.health().is_lost()) gpu.poll();
  if (*state == Mapping::done) {
    return std::span(static_cast<const std::byte*>(wgpu().BufferGetConstMappedRange(memory.buffer.get(), 0, size)),
                     size);
  }
  if (*state == Mapping::under_way)
    state.release();  // NOLINT(bugprone-unused-return-value): it may still be called back
  if (gpu.health().is_lost()) return gpu.health().lost_error();
  return gpu_error(GpuErrorCode::kernel_error, "the device did not give the results");
}

}  // namespace

GpuResult<void> Commands::read_back(WGPUBuffer source, std::uint64_t offset, std::uint64_t size, const Use& use) {
  const std::uint64_t slot_size = has_unread_errors_ ? kErrorSlotBytes : 0;
  if (slot_size + size == 0) {
    auto submitted = submit();
    wait_for_all_but(0);
    if (submitted && gpu_->health().is_lost()) return gpu_->health().lost_error();
    return submitted && use ? use({}) : submitted;
  }
  auto memory = readback_memory(*gpu_, slot_size + size);
  if (!memory) return std::unexpected(std::move(memory.error()));
  WGPUBuffer target = memory->buffer.get();
  if (slot_size > 0) {
    if (auto copied = record_copy(error_memory_.buffer.get(), 0, target, 0, slot_size); !copied) return copied;
  }
  if (size > 0) {
    if (auto copied = record_copy(source, offset, target, slot_size, size); !copied) return copied;
  }
  if (auto submitted = submit(); !submitted) return submitted;
  const auto bytes = map(*gpu_, *memory, slot_size + size, under_way_.back());
  if (!bytes) return std::unexpected(bytes.error());
  under_way_.clear();  // what was submitted before it is done too

  const auto take = [&] -> GpuResult<void> {
    if (slot_size > 0) {
      auto error = device_error(bytes->first(slot_size));
      if (error) {
        if (auto cleared = clear(error_memory_); !cleared) return cleared;
      }
      has_unread_errors_ = false;
      if (error) return std::unexpected(*std::move(error));
    }
    return use ? use(bytes->subspan(slot_size)) : GpuResult<void>();
  };
  auto result = take();
  wgpu().BufferUnmap(target);
  gpu_->readback().give(*std::move(memory));
  return result;
}

}  // namespace gpu_host::webgpu
