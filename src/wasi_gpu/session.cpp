#include "wasi_gpu/session.hpp"

#include <utility>

#include "util/log.hpp"
#include "util/machine_memory.hpp"

namespace gpu_host {
namespace {

std::uint64_t memory_quota(const Limits& limits) {
  return limits.gpu_memory.value_or(machine_memory().available / 4 * 3);
}

}  // namespace

Session::Session(DeviceSource source, const Limits& limits, const Interrupt* interrupt)
    : source_(std::move(source)), interrupt_(interrupt), buffers_(memory_quota(limits), limits.gpu_buffers) {}

Session::~Session() {
  while (auto buffer = buffers_.remove_any()) stream_->release(std::move(buffer));
}

Result<void> Session::open() {
  if (stream_) return {};
  auto device = source_();
  if (!device) return std::unexpected(std::move(device.error()));
  auto stream = (*device)->create_stream({.interrupt = interrupt_});
  if (!stream) return error(ErrorKind::device, std::move(stream.error().message));
  device_ = *std::move(device);
  stream_ = *std::move(stream);
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

void Session::wait() {
  if (stream_) stream_->wait();
}

GpuResult<const DeviceInfo*> Session::device_info() {
  if (auto opened = stream(); !opened) return std::unexpected(std::move(opened.error()));
  return &device_->info();
}

}  // namespace gpu_host
