#include "backend/cuda/queue.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "backend/cuda/blas.hpp"
#include "backend/cuda/device_error.hpp"
#include "backend/cuda/kernels/error_slot.hpp"

namespace gpu_host::cuda {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostUnderWay = 4;
// Of one event: what is under way stays short, be it ever so little work each.
constexpr std::uint64_t kMostOperations = 256;
constexpr std::uint64_t kAlignment = 256;
// Short work is waited for without giving the processor up: to sleep takes longer than it.
constexpr auto kSpin = std::chrono::milliseconds(2);
// A nap is so much shorter than what was waited for before.
constexpr int kNapDivisor = 32;
constexpr auto kLongestNap = std::chrono::microseconds(500);

// Polls until `query` says something other than "not ready", or `stop` that it is enough: then not ready.
template <class Query, class Stop>
CUresult poll(const Query& query, const Stop& stop) {
  const auto begin = Clock::now();
  while (true) {
    const CUresult result = query();
    if (result != CUDA_ERROR_NOT_READY) return result;
    if (stop()) return CUDA_ERROR_NOT_READY;
    const auto waited = Clock::now() - begin;
    if (waited < kSpin) continue;
    std::this_thread::sleep_for(std::min<Clock::duration>(waited / kNapDivisor, kLongestNap));
  }
}

}  // namespace

Queue::Queue(Gpu& gpu, const StreamOptions& options) : gpu_(gpu), options_(options) {}

Queue::~Queue() = default;

void Queue::finish() {
  if (stream_ == nullptr) return;
  (void)poll([this] { return driver().StreamQuery(stream()); }, [] { return false; });
}

GpuResult<void> Queue::prepare() {
  CUstream stream = nullptr;
  if (auto made = gpu_.check(driver().StreamCreate(&stream, CU_STREAM_NON_BLOCKING), "StreamCreate"); !made)
    return made;
  stream_.reset(stream);
  auto slot = allocate(sizeof(ErrorSlot));
  if (!slot) return std::unexpected(std::move(slot.error()));
  error_slot_ = *std::move(slot);
  void* report = nullptr;
  if (auto made = gpu_.check(driver().MemHostAlloc(&report, sizeof(ErrorSlot), 0), "MemHostAlloc"); !made) return made;
  report_.reset(static_cast<std::byte*>(report));
  return clear(error_slot_.address(), sizeof(ErrorSlot));
}

GpuResult<DeviceMemory> Queue::allocate(std::uint64_t size) {
  CUdeviceptr address = 0;
  const std::uint64_t bytes = (size + kAlignment - 1) / kAlignment * kAlignment;
  const auto ask = [&] { return driver().MemAllocFromPoolAsync(&address, bytes, gpu_.pool(), stream()); };
  CUresult result = bytes < size ? CUDA_ERROR_OUT_OF_MEMORY : ask();
  if (result == CUDA_ERROR_OUT_OF_MEMORY && bytes >= size) {
    // What was freed may be in work that is under way, and what the pool keeps in pieces of the wrong size.
    if (auto released = release_unused(); !released) return std::unexpected(std::move(released.error()));
    result = ask();
  }
  if (result == CUDA_ERROR_INVALID_VALUE) result = CUDA_ERROR_OUT_OF_MEMORY;  // more than any device has
  if (auto made = gpu_.check(result, "MemAllocFromPoolAsync"); !made) return std::unexpected(std::move(made.error()));
  return DeviceMemory(address, stream());
}

GpuResult<void> Queue::release_unused() {
  if (auto done = wait_for_stream(); !done) return done;
  // Returns at once. Without it the pool has not seen that what was freed is free.
  if (auto seen = gpu_.check(driver().StreamSynchronize(stream()), "StreamSynchronize"); !seen) return seen;
  (void)driver().MemPoolTrimTo(gpu_.pool(), 0);
  return {};
}

GpuResult<void> Queue::clear(CUdeviceptr begin, std::uint64_t size) {
  if (size == 0) return {};
  if (auto room = make_room(size / 4); !room) return room;
  return gpu_.check(driver().MemsetD8Async(begin, 0, size, stream()), "MemsetD8Async");
}

GpuResult<void> Queue::make_room(std::uint64_t work) {
  if (gpu_.is_lost()) return gpu_.lost_error();
  if (stop()) return interrupted();
  work = std::max(work, max_work() / kMostOperations);
  if (queued_work_ + work > max_work() && queued_work_ > 0) {
    CUevent event = nullptr;
    if (auto made = gpu_.check(driver().EventCreate(&event, CU_EVENT_DISABLE_TIMING), "EventCreate"); !made)
      return made;
    under_way_.emplace_back(event);
    if (auto set = gpu_.check(driver().EventRecord(event, stream()), "EventRecord"); !set) return set;
    queued_work_ = 0;
  }
  while (under_way_.size() > kMostUnderWay) {
    if (auto done = wait_for(under_way_.front().get()); !done) return done;
    under_way_.pop_front();
  }
  queued_work_ += work;
  return {};
}

GpuResult<void> Queue::launch_with(const Kernel& kernel, const Grid& grid, void* params, std::uint64_t work) {
  if (auto room = make_room(work); !room) return room;
  auto function = gpu_.function(kernel);
  if (!function && function.error().code == GpuErrorCode::out_of_memory) {
    if (auto released = release_unused(); !released) return released;
    function = gpu_.function(kernel);
  }
  if (!function) return std::unexpected(std::move(function.error()));
  void* arguments[] = {params};
  return gpu_.check(driver().LaunchKernel(*function, grid.x, grid.y, grid.z, grid.threads, 1, 1, grid.shared_bytes,
                                          stream(), arguments, nullptr),
                    "LaunchKernel");
}

GpuResult<void> Queue::wait_for(CUevent event) {
  const CUresult result = poll([event] { return driver().EventQuery(event); }, [this] { return stop(); });
  if (result == CUDA_ERROR_NOT_READY) return interrupted();
  return gpu_.check(result, "EventQuery");
}

GpuResult<void> Queue::wait_for_stream() {
  const CUresult result = poll([this] { return driver().StreamQuery(stream()); }, [this] { return stop(); });
  if (result == CUDA_ERROR_NOT_READY) return interrupted();
  if (result == CUDA_SUCCESS) {
    under_way_.clear();
    queued_work_ = 0;
  }
  return gpu_.check(result, "StreamQuery");
}

GpuResult<void> Queue::wait() {
  if (auto copied = copy_report(); !copied) return copied;
  if (auto done = wait_for_stream(); !done) return done;
  return take_report();
}

GpuResult<void> Queue::copy_report() {
  if (gpu_.is_lost()) return gpu_.lost_error();
  if (!may_have_reports_) return {};
  const CUresult queued =
      driver().MemcpyDtoHAsync_v2(report_.get(), error_slot_.address(), sizeof(ErrorSlot), stream());
  return gpu_.check(queued, "MemcpyDtoHAsync");
}

GpuResult<void> Queue::take_report() {
  if (!std::exchange(may_have_reports_, false)) return {};
  ErrorSlot slot{};
  std::memcpy(&slot, report_.get(), sizeof(slot));
  auto reported = device_error(slot);
  if (!reported) return {};
  if (auto cleared = clear(error_slot_.address(), sizeof(ErrorSlot)); !cleared) return cleared;
  return std::unexpected(*std::move(reported));
}

GpuResult<Blas*> Queue::blas() {
  if (!blas_) {
    auto created = Blas::create(*this);
    if (!created) return std::unexpected(std::move(created.error()));
    blas_ = *std::move(created);
  }
  return blas_.get();
}

}  // namespace gpu_host::cuda
