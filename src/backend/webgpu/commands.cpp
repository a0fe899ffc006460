#include "backend/webgpu/commands.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "backend/arithmetic.hpp"
#include "backend/webgpu/device_error.hpp"

namespace gpu_host::webgpu {
namespace {

constexpr WGPUBufferUsage kStorageUsage = WGPUBufferUsage_Storage | WGPUBufferUsage_CopySrc | WGPUBufferUsage_CopyDst;

// A device starts early, and a submission is worth what it costs.
constexpr std::uint32_t kCommandsPerSubmission = 64;
// An interrupt waits for these.
constexpr std::size_t kMaxUnderWay = 4;
// Memory that is no buffer's any more, but kept for the next or in use by the device: so much
// of it may come on top of what a guest's quota allows.
constexpr std::uint64_t kMaxRecycled = std::uint64_t{64} << 20U;

}  // namespace

Grid line_of(std::uint64_t workgroups) {
  const std::uint64_t x = std::min<std::uint64_t>(workgroups, kMaxWorkgroups);
  const std::uint64_t y = x == 0 ? 0 : divide_up(workgroups, x);
  return {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), 1};
}

Commands::Commands(Gpu& gpu, const Interrupt* interrupt) : gpu_(&gpu), interrupt_(interrupt), staging_(gpu) {}

GpuResult<void> Commands::prepare() {
  auto memory = allocate(kErrorSlotBytes, true);
  if (!memory) return std::unexpected(std::move(memory.error()));
  error_memory_ = *std::move(memory);
  return {};
}

Commands::~Commands() {
  end_pass();
  encoder_.reset();
  wait_for_all_but(0);
  for (DeviceMemory& memory : recycled_) gpu_->storage().give(std::move(memory));
  if (error_memory_.buffer) gpu_->storage().give(std::move(error_memory_));
}

std::uint64_t Commands::max_work() const { return gpu_->limits().max_work; }

std::uint64_t Commands::max_window() const {
  // The first element need not lie where a binding may begin.
  return (gpu_->limits().max_binding - gpu_->limits().offset_alignment) / 16 * 4;
}

Window Commands::window(std::uint32_t slot, const DeviceMemory& memory, std::uint64_t first,
                        std::uint64_t count) const {
  const std::uint64_t begin = std::min(first * 4, memory.capacity - 4);  // of no elements: any
  const std::uint64_t offset = begin / gpu_->limits().offset_alignment * gpu_->limits().offset_alignment;
  const std::uint64_t end =
      std::min(divide_up(begin + std::max<std::uint64_t>(count, 1) * 4, 16) * 16, memory.capacity);
  return {{slot, memory.buffer.get(), offset, end - offset}, static_cast<std::uint32_t>((begin - offset) / 4)};
}

Window Commands::window(std::uint32_t slot, const WebGpuBuffer& buffer, std::uint64_t first,
                        std::uint64_t count) const {
  return window(slot, buffer.memory(), first, count);
}

Binding Commands::error_slot(std::uint32_t slot) {
  has_unread_errors_ = true;
  return {slot, error_memory_.buffer.get(), 0, kErrorSlotBytes};
}

GpuResult<Commands::Scratch> Commands::scratch(std::uint64_t bytes) {
  auto memory = allocate(bytes, false);
  if (!memory) return std::unexpected(std::move(memory.error()));
  return Scratch(*this, *std::move(memory));
}

GpuResult<WGPUCommandEncoder> Commands::encoder() {
  if (gpu_->health().is_lost()) return gpu_->health().lost_error();
  if (is_interrupted()) return interrupted();
  if (!encoder_) encoder_.reset(wgpu().DeviceCreateCommandEncoder(gpu_->device(), nullptr));
  return encoder_.get();
}

GpuResult<void> Commands::submit_if_full(std::uint64_t work) {
  const bool is_full =
      recorded_commands_ >= kCommandsPerSubmission || (recorded_work_ > 0 && recorded_work_ + work > max_work());
  return is_full ? submit() : GpuResult<void>();
}

void Commands::end_pass() {
  if (!pass_) return;
  wgpu().ComputePassEncoderEnd(pass_.get());
  pass_.reset();
}

GpuResult<void> Commands::launch(const Kernel& kernel, std::span<const Binding> bindings,
                                 std::span<const std::byte> immediates, Grid grid, std::uint64_t work) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return {};
  const auto pipeline = gpu_->pipeline(kernel, bindings);
  if (!pipeline) return std::unexpected(pipeline.error());
  if (auto ready = submit_if_full(work); !ready) return ready;
  const auto recorder = encoder();
  if (!recorder) return std::unexpected(recorder.error());
  if (!pass_) pass_.reset(wgpu().CommandEncoderBeginComputePass(*recorder, nullptr));

  std::array<WGPUBindGroupEntry, kMaxBindings> entries{};
  for (std::size_t i = 0; i < bindings.size(); ++i) {
    const Binding& binding = bindings[i];
    entries[i].binding = binding.slot;
    entries[i].buffer = binding.buffer;
    entries[i].offset = binding.offset;
    entries[i].size = binding.size;
  }
  WGPUBindGroupDescriptor descriptor{};
  descriptor.layout = (*pipeline)->layout.get();
  descriptor.entries = entries.data();
  descriptor.entryCount = bindings.size();
  const OwnedBindGroup group(wgpu().DeviceCreateBindGroup(gpu_->device(), &descriptor));
  wgpu().ComputePassEncoderSetPipeline(pass_.get(), (*pipeline)->pipeline.get());
  wgpu().ComputePassEncoderSetBindGroup(pass_.get(), 0, group.get(), 0, nullptr);
  if (!immediates.empty()) {
    wgpu().ComputePassEncoderSetImmediates(pass_.get(), 0, immediates.data(), immediates.size());
  }
  wgpu().ComputePassEncoderDispatchWorkgroups(pass_.get(), grid.x, grid.y, grid.z);
  recorded_work_ += work;
  ++recorded_commands_;
  return {};
}

GpuResult<DeviceMemory> Commands::allocate(std::uint64_t size, bool zeroed) {
  const std::uint64_t largest = gpu_->limits().max_buffer / 16 * 16;
  if (size > largest) {
    return gpu_error(GpuErrorCode::out_of_memory,
                     "a buffer of " + std::to_string(size) + " bytes: the device allows " + std::to_string(largest));
  }
  const std::uint64_t capacity = std::min(capacity_for(size), largest);
  DeviceMemory memory;
  if (const auto own = std::ranges::find(recycled_, capacity, &DeviceMemory::capacity); own != recycled_.end()) {
    memory = std::move(*own);
    recycled_.erase(own);
    recycled_bytes_ -= capacity;
  } else if (auto pooled = gpu_->storage().take(capacity)) {
    memory = *std::move(pooled);
  } else {
    if (capacity + recycled_bytes_ > kMaxRecycled) {
      if (auto submitted = submit(); !submitted) return std::unexpected(std::move(submitted.error()));
      wait_for_all_but(0);
    }
    auto buffer = gpu_->create_buffer(capacity, kStorageUsage, false);
    if (!buffer) return std::unexpected(std::move(buffer.error()));
    memory = {.buffer = *std::move(buffer), .capacity = capacity};
  }
  if (zeroed && memory.used) {
    if (auto cleared = clear(memory); !cleared) {
      recycle(std::move(memory));
      return std::unexpected(std::move(cleared.error()));
    }
  }
  memory.used = true;
  return memory;
}

GpuResult<void> Commands::clear(const DeviceMemory& memory) {
  if (auto ready = submit_if_full(memory.capacity / 4); !ready) return ready;
  const auto recorder = encoder();
  if (!recorder) return std::unexpected(recorder.error());
  end_pass();
  wgpu().CommandEncoderClearBuffer(*recorder, memory.buffer.get(), 0, memory.capacity);
  ++recorded_commands_;
  recorded_work_ += memory.capacity / 4;
  return {};
}

void Commands::recycle(DeviceMemory memory) noexcept {
  const std::uint64_t capacity = memory.capacity;
  try {
    recycled_.push_back(std::move(memory));
    recycled_bytes_ += capacity;
  } catch (const std::bad_alloc&) {
    return;  // and free it: the library keeps it while it is in use
  }
}

GpuResult<void> Commands::copy(WGPUBuffer source, std::uint64_t source_offset, WGPUBuffer target,
                               std::uint64_t target_offset, std::uint64_t size) {
  if (auto ready = submit_if_full(size / 4); !ready) return ready;
  return record_copy(source, source_offset, target, target_offset, size);
}

GpuResult<void> Commands::record_copy(WGPUBuffer source, std::uint64_t source_offset, WGPUBuffer target,
                                      std::uint64_t target_offset, std::uint64_t size) {
  const auto recorder = encoder();
  if (!recorder) return std::unexpected(recorder.error());
  end_pass();
  wgpu().CommandEncoderCopyBufferToBuffer(*recorder, source, source_offset, target, target_offset, size);
  ++recorded_commands_;
  recorded_work_ += size / 4;
  return {};
}

GpuResult<void> Commands::upload(WGPUBuffer target, std::uint64_t offset, std::span<const std::byte> data) {
  while (!data.empty()) {
    // Before the room is taken: a submission closes it.
    if (auto ready = submit_if_full(std::min(data.size(), Staging::kChunk) / 4); !ready) return ready;
    const auto room = staging_.room(data.size());
    if (!room) return std::unexpected(room.error());
    const std::size_t size = room->bytes.size();
    if (size == 0) {
      if (auto submitted = submit(); !submitted) return submitted;
      if (gpu_->health().is_lost()) return gpu_->health().lost_error();
      if (!under_way_.empty()) wait_for_all_but(under_way_.size() - 1);
      continue;
    }
    std::memcpy(room->bytes.data(), data.data(), size);
    if (auto copied = record_copy(room->buffer, room->offset, target, offset, size); !copied) return copied;
    data = data.subspan(size);
    offset += size;
    // The device copies while the host goes on.
    if (!data.empty()) {
      if (auto submitted = submit(); !submitted) return submitted;
    }
  }
  return {};
}

GpuResult<void> Commands::submit() {
  if (encoder_) {
    end_pass();
    staging_.close();
    auto submitted = gpu_->submit(std::move(encoder_));
    staging_.reopen();
    recorded_commands_ = 0;
    recorded_work_ = 0;
    if (!submitted) return std::unexpected(std::move(submitted.error()));
    under_way_.push_back(*submitted);
  }
  for (DeviceMemory& memory : recycled_) gpu_->storage().give(std::move(memory));
  recycled_.clear();
  recycled_bytes_ = 0;
  if (under_way_.size() > kMaxUnderWay) wait_for_all_but(kMaxUnderWay);
  if (is_interrupted()) return interrupted();
  return {};
}

void Commands::wait_for_all_but(std::size_t count) {
  while (under_way_.size() > count) {
    if (!gpu_->health().is_lost()) gpu_->wait(under_way_.front());
    under_way_.pop_front();
  }
}

}  // namespace gpu_host::webgpu
