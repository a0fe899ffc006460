// A stream that times what it passes on, for observers and for a limit of GPU time.
// A session has one only where somebody asked for either.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "backend/backend.hpp"
#include "gpu_host/observer.hpp"

namespace gpu_host {

// Writes, reads, copies and kernels are device work: the stream waits until the device
// has done it, charges its time and tells the observers. A late error stays deferred.
// The rest is passed on as it is; what an allocation leaves to the device (zeroing) is
// charged to the work after it. Buffers are the inner stream's.
class MeteredStream final : public Stream {
 public:
  // `gpu_time`: what all work together may take; empty: any time. Work that is at it when
  // the time is over finds the interrupt requested; work after that is refused. The
  // interrupt is the one that the inner stream polls, and outlives this stream.
  MeteredStream(std::unique_ptr<Stream> inner, const DeviceInfo& info,
                std::span<const std::shared_ptr<Observer>> observers, std::optional<std::chrono::nanoseconds> gpu_time,
                Interrupt* interrupt);

  GpuResult<std::unique_ptr<Buffer>> allocate(std::uint64_t size) override;
  GpuResult<std::unique_ptr<Buffer>> wrap(const WrappedMemory& memory) override;
  void release(std::unique_ptr<Buffer> buffer) noexcept override;

  GpuResult<void> write(Buffer& buffer, std::uint64_t offset, std::span<const std::byte> data) override;
  // The destination may run code of the guest: its time is not the device's.
  GpuResult<void> read(const Buffer& buffer, std::uint64_t offset, std::uint64_t size,
                       const ReadDestination& destination) override;
  GpuResult<void> copy(const Buffer& source, std::uint64_t source_offset, Buffer& destination,
                       std::uint64_t destination_offset, std::uint64_t size) override;

  GpuResult<void> bootstrap_sample(const BootstrapParams& params, Buffer& output_indices) override;
  GpuResult<void> find_split(const FindSplitParams& params, std::uint64_t n_rows, const Buffer& data,
                             const Buffer& labels, const Buffer& indices, const Buffer& thresholds,
                             Buffer& output_scores) override;
  GpuResult<void> average(const AverageParams& params, const Buffer& tree_predictions, Buffer& output) override;
  GpuResult<void> matmul(const MatmulParams& params, const Buffer& a, const Buffer& b, Buffer& c) override;
  GpuResult<void> elementwise(const ElementwiseParams& params, const Buffer& input_a, const Buffer* input_b,
                              Buffer& output) override;
  GpuResult<void> reduce(const ReduceParams& params, const Buffer& input, Buffer& output) override;
  GpuResult<void> batch_predict(const BatchPredictParams& params, const Buffer& samples, const Buffer& tree_nodes,
                                const Buffer& tree_offsets, Buffer& output) override;

  ForestEngine* forests() override;
  GpuResult<void> perform(std::string_view operation, const std::function<GpuResult<void>()>& work) override;

  void wait() override;
  std::optional<GpuError> take_error() override;

 private:
  using Clock = std::chrono::steady_clock;

  // Does the work and waits for it. `bytes` counts if it succeeds.
  template <class Work>
  GpuResult<void> meter(std::string_view operation, std::uint64_t bytes, const Work& work);
  // The work at hand begins now, or has already run for some time.
  void start_clock(Clock::duration before = {}) noexcept;
  void stop_deadline() noexcept;

  std::unique_ptr<Stream> inner_;
  DeviceInfo info_;
  std::vector<std::shared_ptr<Observer>> observers_;
  std::optional<std::chrono::nanoseconds> gpu_time_;  // what is left
  Interrupt* interrupt_;
  Clock::time_point begin_;  // of the work at hand
};

}  // namespace gpu_host
