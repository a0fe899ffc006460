#include "backend/webgpu/staging.hpp"

#include <algorithm>
#include <utility>

namespace gpu_host::webgpu {
namespace {

constexpr std::size_t kMaxChunks = 8;
constexpr WGPUBufferUsage kStagingUsage = WGPUBufferUsage_MapWrite | WGPUBufferUsage_CopySrc;

std::byte* mapped_bytes(const DeviceMemory& memory) {
  return static_cast<std::byte*>(wgpu().BufferGetMappedRange(memory.buffer.get(), 0, Staging::kChunk));
}

}  // namespace

Staging::~Staging() {
  for (auto& chunk : chunks_) {
    finish_mapping(*chunk);
    if (chunk->state == State::mapping) {
      // The device is lost; it may still call back.
      chunk.release();  // NOLINT(bugprone-unused-return-value)
    } else if (chunk->state == State::mapped) {
      wgpu().BufferUnmap(chunk->memory.buffer.get());
      gpu_->staging().give(std::move(chunk->memory));
    }
  }
}

// For a chunk that the device does not use.
void Staging::finish_mapping(const Chunk& chunk) {
  // It may be another thread whose poll calls back.
  while (chunk.state == State::mapping && !gpu_->health().is_lost()) gpu_->poll();
}

void Staging::map(Chunk& chunk) {
  chunk.state = State::mapping;
  WGPUBufferMapCallbackInfo callback{};
  callback.mode = WGPUCallbackMode_AllowSpontaneous;
  callback.userdata1 = &chunk;
  callback.callback = [](WGPUMapAsyncStatus status, WGPUStringView, void* of, void*) {
    static_cast<Chunk*>(of)->state = status == WGPUMapAsyncStatus_Success ? State::mapped : State::failed;
  };
  wgpu().BufferMapAsync(chunk.memory.buffer.get(), WGPUMapMode_Write, 0, kChunk, callback);
}

// A chunk that has room, if there is one by now.
Staging::Chunk* Staging::find() {
  std::erase_if(chunks_, [](const auto& chunk) { return chunk->state == State::failed; });
  for (const auto& chunk : chunks_) {
    if (chunk->state != State::mapped || chunk->used == kChunk) continue;
    if (chunk->bytes == nullptr) chunk->bytes = mapped_bytes(chunk->memory);
    return chunk.get();
  }
  return nullptr;
}

// A new chunk, mapped.
GpuResult<void> Staging::add() {
  auto chunk = std::make_unique<Chunk>();
  if (auto pooled = gpu_->staging().take(kChunk)) {
    chunk->memory = *std::move(pooled);
    map(*chunk);
    chunks_.push_back(std::move(chunk));
    finish_mapping(*chunks_.back());
    return {};
  }
  auto buffer = gpu_->create_buffer(kChunk, kStagingUsage, true);
  if (!buffer) return std::unexpected(std::move(buffer.error()));
  chunk->memory = {.buffer = *std::move(buffer), .capacity = kChunk, .used = true};
  chunk->state = State::mapped;
  chunks_.push_back(std::move(chunk));
  return {};
}

GpuResult<Staging::Room> Staging::room(std::uint64_t size) {
  Chunk* chunk = find();
  if (chunk == nullptr) {
    gpu_->poll();
    chunk = find();
  }
  if (chunk == nullptr && chunks_.size() < kMaxChunks) {
    if (auto added = add(); !added) return std::unexpected(std::move(added.error()));
    chunk = find();
  }
  if (chunk == nullptr) return Room{};
  const std::uint64_t taken = std::min(size, kChunk - chunk->used);
  const Room room{std::span(chunk->bytes + chunk->used, taken), chunk->memory.buffer.get(), chunk->used};
  chunk->used += taken;
  return room;
}

void Staging::close() {
  for (const auto& chunk : chunks_) {
    if (chunk->used == 0 || chunk->state != State::mapped) continue;
    wgpu().BufferUnmap(chunk->memory.buffer.get());
    chunk->bytes = nullptr;
    chunk->state = State::closed;
  }
}

void Staging::reopen() {
  for (const auto& chunk : chunks_) {
    if (chunk->state != State::closed) continue;
    chunk->used = 0;
    map(*chunk);
  }
}

}  // namespace gpu_host::webgpu
