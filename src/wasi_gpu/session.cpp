#include "wasi_gpu/session.hpp"

#include <utility>

#include "util/log.hpp"
#include "util/machine_memory.hpp"
#include "wasi_gpu/default_limits.hpp"
#include "wasi_gpu/metered_stream.hpp"

namespace gpu_host {

Session::Session(DeviceSource source, const Limits& limits, SessionOptions options)
    : source_(std::move(source)),
      options_(std::move(options)),
      has_gpu_memory_(limits.gpu_memory.has_value()),
      gpu_time_(limits.gpu_time),
      buffers_(limits.gpu_memory.value_or(0), limits.gpu_buffers) {}

Session::~Session() {
  while (auto buffer = buffers_.remove_any()) stream_->release(std::move(buffer));
}

Result<void> Session::open() {
  if (stream_) return {};
  auto device = source_();
  if (!device) return std::unexpected(std::move(device.error()));
  auto created = (*device)->create_stream(
      {.interrupt = &interrupt_, .threads = options_.threads, .precision = options_.precision});
  if (!created) return error(ErrorKind::device, std::move(created.error().message));
  std::unique_ptr<Stream> stream = *std::move(created);
  if (gpu_time_ || !options_.observers.empty()) {
    stream = std::make_unique<MeteredStream>(std::move(stream), (*device)->info(), options_.observers, gpu_time_,
                                             &interrupt_);
  }
  if (!has_gpu_memory_) {
    const std::uint64_t available = options_.available_memory ? *options_.available_memory : machine_memory().available;
    buffers_.memory().set_max(default_gpu_memory((*device)->info(), available));
  }
  // All at once: a session that is half open when memory runs out would run unmetered.
  device_ = *std::move(device);
  stream_ = std::move(stream);
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

GpuResult<BufferId> Session::publish(std::unique_ptr<Buffer> buffer, std::uint64_t charged) {
  struct Release {
    Stream& stream;
    std::unique_ptr<Buffer>& buffer;
    ~Release() {
      if (buffer) stream.release(std::move(buffer));
    }
  };
  const Release unless_taken{*stream_, buffer};
  return buffers_.insert(buffer, charged);
}

GpuResult<BufferId> Session::share(const WrappedMemory& memory) {
  auto begun = begin_call();
  if (!begun) return std::unexpected(std::move(begun.error()));
  if (auto admitted = buffers_.admit(0); !admitted) return std::unexpected(std::move(admitted.error()));
  auto buffer = (*begun)->wrap(memory);
  if (!buffer) return std::unexpected(std::move(buffer.error()));
  return publish(*std::move(buffer), 0);
}

void Session::wait() {
  if (stream_) stream_->wait();
}

GpuResult<const DeviceInfo*> Session::device_info() {
  if (auto opened = stream(); !opened) return std::unexpected(std::move(opened.error()));
  return &device_->info();
}

}  // namespace gpu_host
