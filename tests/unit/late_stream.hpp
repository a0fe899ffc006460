// A device that runs behind: its stream logs what is queued and reports errors
// when a test says so.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.hpp"

namespace gpu_host::test {

// What the test and the stream both see; outlives the stream.
struct LateDeviceState {
  std::vector<std::string> queued;       // the calls that had an effect
  std::optional<GpuError> running_into;  // known after wait() or read()
  std::optional<GpuError> known;         // kept until taken
  int live_buffers = 0;
  bool stream_open = false;
};

class LateBuffer final : public Buffer {
 public:
  LateBuffer(std::uint64_t size, bool read_only, LateDeviceState& state) : Buffer(size, read_only), state_(state) {
    ++state_.live_buffers;
  }
  ~LateBuffer() override { --state_.live_buffers; }

 private:
  LateDeviceState& state_;
};

class LateStream final : public Stream {
 public:
  explicit LateStream(LateDeviceState& state) : state_(state) { state_.stream_open = true; }
  ~LateStream() override { state_.stream_open = false; }

  GpuResult<std::unique_ptr<Buffer>> allocate(std::uint64_t size) override {
    state_.queued.emplace_back("allocate");
    return std::make_unique<LateBuffer>(size, false, state_);
  }
  void release(std::unique_ptr<Buffer> buffer) noexcept override {
    buffer.reset();
    state_.queued.emplace_back("release");
  }
  GpuResult<void> write(Buffer&, std::uint64_t, std::span<const std::byte>) override { return queue("write"); }
  GpuResult<void> read(const Buffer&, std::uint64_t, std::uint64_t, const ReadDestination& destination) override {
    wait();
    if (auto error = take_error()) return std::unexpected(*std::move(error));
    const auto bytes = destination();
    if (!bytes) return std::unexpected(bytes.error());
    return queue("read");
  }
  GpuResult<void> copy(const Buffer&, std::uint64_t, Buffer&, std::uint64_t, std::uint64_t) override {
    return queue("copy");
  }
  GpuResult<void> bootstrap_sample(const BootstrapParams&, Buffer&) override { return queue("bootstrap_sample"); }
  GpuResult<void> find_split(const FindSplitParams&, std::uint64_t, const Buffer&, const Buffer&, const Buffer&,
                             const Buffer&, Buffer&) override {
    return queue("find_split");
  }
  GpuResult<void> average(const AverageParams&, const Buffer&, Buffer&) override { return queue("average"); }
  GpuResult<void> matmul(const MatmulParams&, const Buffer&, const Buffer&, Buffer&) override {
    return queue("matmul");
  }
  GpuResult<void> elementwise(const ElementwiseParams&, const Buffer&, const Buffer*, Buffer&) override {
    return queue("elementwise");
  }
  GpuResult<void> reduce(const ReduceParams&, const Buffer&, Buffer&) override { return queue("reduce"); }
  GpuResult<void> batch_predict(const BatchPredictParams&, const Buffer&, const Buffer&, const Buffer&,
                                Buffer&) override {
    return queue("batch_predict");
  }
  void wait() override {
    if (!state_.known) state_.known = std::exchange(state_.running_into, std::nullopt);
  }
  std::optional<GpuError> take_error() override { return std::exchange(state_.known, std::nullopt); }

 private:
  GpuResult<void> queue(const char* name) {
    state_.queued.emplace_back(name);
    return {};
  }
  LateDeviceState& state_;
};

class LateDevice final : public Device {
 public:
  explicit LateDevice(LateDeviceState& state, std::uint64_t total_memory = 0)
      : state_(state), info_{"late", "cpu", total_memory, false, ""} {}
  [[nodiscard]] const DeviceInfo& info() const override { return info_; }
  GpuResult<std::unique_ptr<Stream>> create_stream(const StreamOptions&) override {
    return std::make_unique<LateStream>(state_);
  }

 private:
  LateDeviceState& state_;
  DeviceInfo info_;
};

}  // namespace gpu_host::test
