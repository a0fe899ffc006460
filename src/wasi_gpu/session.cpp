#include "wasi_gpu/session.hpp"

#include <utility>

#include "util/log.hpp"
#include "util/machine_memory.hpp"
#include "wasi_gpu/metered_stream.hpp"

namespace gpu_host {
namespace {

std::uint64_t memory_quota(const Limits& limits) {
  return limits.gpu_memory ? *limits.gpu_memory : machine_memory().available / 4 * 3;
}

}  // namespace

Session::Session(DeviceSource source, const Limits& limits, SessionOptions options)
    : source_(std::move(source)),
      options_(std::move(options)),
      gpu_time_(limits.gpu_time),
      buffers_(memory_quota(limits), limits.gpu_buffers) {}

Session::~Session() {
  while (auto buffer = buffers_.remove_any()) stream_->release(std::move(buffer));
}

Result<void> Session::open() {
  if (stream_) return {};
  auto device = source_();
  if (!device) return std::unexpected(std::move(device.error()));
  auto stream = (*device)->create_stream(
      {.interrupt = &interrupt_, .threads = options_.threads, .precision = options_.precision});
  if (!stream) return error(ErrorKind::device, std::move(stream.error().message));
  device_ = *std::move(device);
  stream_ = *std::move(stream);
  if (gpu_time_ || !options_.observers.empty()) {
    stream_ = std::make_unique<MeteredStream>(std::move(stream_), device_->info(), options_.observers, gpu_time_,
                                              &interrupt_);
  }
  logger().info("wasi:gpu runs on {} ({})", device_->info().backend, device_->info().name);
  return {};
}

GpuResult<Stream*> Session::stream() {
  if (!stream_) {
    if (auto opened = open(); !opened) {
      return gpu_error(GpuErrorCode::device_unavailable, std::move(opened.error().message));
    }
  }
  return stream_.get();
}

GpuResult<Stream*> Session::begin_call() {
  auto opened = stream();
  if (opened) {
    if (auto deferred = (*opened)->take_error()) return std::unexpected(*std::move(deferred));
  }
  return opened;
}

GpuResult<BufferId> Session::share(const WrappedMemory& memory) {
  auto begun = begin_call();
  if (!begun) return std::unexpected(std::move(begun.error()));
  if (auto admitted = buffers_.admit(0); !admitted) return std::unexpected(std::move(admitted.error()));
  auto buffer = (*begun)->wrap(memory);
  if (!buffer) return std::unexpected(std::move(buffer.error()));
  return buffers_.insert_shared(*std::move(buffer));
}

void Session::wait() {
  if (stream_) stream_->wait();
}

GpuResult<const DeviceInfo*> Session::device_info() {
  if (auto opened = stream(); !opened) return std::unexpected(std::move(opened.error()));
  return &device_->info();
}

}  // namespace gpu_host
