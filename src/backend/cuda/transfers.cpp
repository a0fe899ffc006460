#include "backend/cuda/transfers.hpp"

#include <algorithm>
#include <cstring>

namespace gpu_host::cuda {
namespace {

// For one thread.
constexpr std::uint64_t kBlock = std::uint64_t{256} << 10U;
// Of an overlapping copy, that goes through memory of its own.
constexpr std::uint64_t kPiece = std::uint64_t{64} << 20U;
constexpr std::uint64_t kAlignment = 16;

}  // namespace

// Copies go on after an interrupt: what was begun is finished.
Transfers::Transfers(Queue& queue) : queue_(queue), workers_(nullptr, queue.options().threads) {}

void Transfers::copy_bytes(std::byte* to, const std::byte* from, std::uint64_t size) {
  (void)workers_.for_blocks(
      size, kBlock, [&](std::size_t begin, std::size_t end) { std::memcpy(to + begin, from + begin, end - begin); });
}

GpuResult<Transfers::Chunk*> Transfers::take() {
  Chunk& chunk = chunks_[next_];
  Gpu& gpu = queue_.gpu();
  if (!chunk.memory) {
    void* memory = nullptr;
    auto made = gpu.check(driver().MemHostAlloc(&memory, kChunk, 0), "MemHostAlloc");
    if (!made) return std::unexpected(std::move(made.error()));
    chunk.memory.reset(static_cast<std::byte*>(memory));
  }
  if (!chunk.done) {
    CUevent event = nullptr;
    auto made = gpu.check(driver().EventCreate(&event, CU_EVENT_DISABLE_TIMING), "EventCreate");
    if (!made) return std::unexpected(std::move(made.error()));
    chunk.done.reset(event);
  }
  if (chunk.in_use) {
    auto done = queue_.wait_for(chunk.done.get());
    if (!done) return std::unexpected(std::move(done.error()));
  }
  chunk.in_use = false;
  chunk.used = 0;
  next_ = (next_ + 1) % kChunks;
  return &chunk;
}

GpuResult<void> Transfers::give(Chunk& chunk) {
  chunk.in_use = true;
  return queue_.gpu().check(driver().EventRecord(chunk.done.get(), queue_.stream()), "EventRecord");
}

GpuResult<void> Transfers::write(CUdeviceptr to, std::span<const std::byte> data) {
  while (!data.empty()) {
    if (auto room = queue_.make_room(std::min(data.size(), kChunk)); !room) return room;
    if (open_ == nullptr) {
      auto taken = take();
      if (!taken) return std::unexpected(std::move(taken.error()));
      open_ = *taken;
    }
    Chunk& chunk = *open_;
    std::byte* const staged = chunk.memory.get() + chunk.used;
    const std::uint64_t size = std::min(data.size(), kChunk - chunk.used);
    copy_bytes(staged, data.data(), size);
    const CUresult queued = driver().MemcpyHtoDAsync_v2(to, staged, size, queue_.stream());
    if (auto copied = queue_.gpu().check(queued, "MemcpyHtoDAsync"); !copied) return copied;
    if (auto given = give(chunk); !given) return given;
    chunk.used = std::min(kChunk, (chunk.used + size + kAlignment - 1) / kAlignment * kAlignment);
    if (chunk.used == kChunk) open_ = nullptr;
    data = data.subspan(size);
    to += size;
  }
  return {};
}

GpuResult<void> Transfers::read(CUdeviceptr from, std::uint64_t size, const ReadDestination& destination) {
  open_ = nullptr;
  if (auto copied = queue_.copy_report(); !copied) return copied;
  std::array<Chunk*, kChunks> ring{};
  const std::uint64_t n_chunks = (size + kChunk - 1) / kChunk;
  const auto bytes_of = [size](std::uint64_t number) { return std::min(kChunk, size - number * kChunk); };
  const auto queue_copy = [&](std::uint64_t number) -> GpuResult<void> {
    auto taken = take();
    if (!taken) return std::unexpected(std::move(taken.error()));
    ring[number % kChunks] = *taken;
    const CUresult queued =
        driver().MemcpyDtoHAsync_v2((*taken)->memory.get(), from + number * kChunk, bytes_of(number), queue_.stream());
    if (auto copied = queue_.gpu().check(queued, "MemcpyDtoHAsync"); !copied) return copied;
    return give(**taken);
  };
  for (std::uint64_t number = 0; number < std::min<std::uint64_t>(n_chunks, kChunks); ++number) {
    if (auto queued = queue_copy(number); !queued) return queued;
  }
  // What the first copy waits for is all earlier work, and its report.
  auto done = n_chunks == 0 ? queue_.wait_for_stream() : queue_.wait_for(ring[0]->done.get());
  if (!done) return done;
  if (auto reported = queue_.take_report(); !reported) return reported;
  const auto to = destination();
  if (!to) return std::unexpected(to.error());
  for (std::uint64_t number = 0; number < n_chunks; ++number) {
    Chunk& chunk = *ring[number % kChunks];
    if (auto copied = queue_.wait_for(chunk.done.get()); !copied) return copied;
    copy_bytes(to->data() + number * kChunk, chunk.memory.get(), bytes_of(number));
    chunk.in_use = false;
    if (number + kChunks >= n_chunks) continue;
    if (auto queued = queue_copy(number + kChunks); !queued) return queued;
  }
  // Nothing is under way: who reads little at a time goes on with the first chunk, and needs no other.
  for (Chunk& chunk : chunks_) chunk.in_use = false;
  next_ = 0;
  return {};
}

GpuResult<void> Transfers::copy_apart(CUdeviceptr from, CUdeviceptr to, std::uint64_t size) {
  if (auto room = queue_.make_room(size / 4); !room) return room;
  return queue_.gpu().check(driver().MemcpyDtoDAsync_v2(to, from, size, queue_.stream()), "MemcpyDtoDAsync");
}

GpuResult<void> Transfers::copy(CUdeviceptr from, CUdeviceptr to, std::uint64_t size) {
  if (size == 0 || from == to) return {};
  const bool is_apart = from + size <= to || to + size <= from;
  if (is_apart) return copy_apart(from, to, size);
  auto piece = queue_.allocate(std::min(size, kPiece));
  if (!piece) return std::unexpected(std::move(piece.error()));
  for (std::uint64_t done = 0; done < size;) {
    const std::uint64_t n = std::min(size - done, kPiece);
    // The end that the other range does not need any more goes first.
    const std::uint64_t at = to < from ? done : size - done - n;
    if (auto copied = copy_apart(from + at, piece->address(), n); !copied) return copied;
    if (auto copied = copy_apart(piece->address(), to + at, n); !copied) return copied;
    done += n;
  }
  return {};
}

}  // namespace gpu_host::cuda
