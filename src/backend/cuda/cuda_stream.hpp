// The CUDA backend's stream: queues work, and learns of errors when it waits.
#pragma once

#include <memory>
#include <optional>

#include "backend/backend.hpp"
#include "backend/cuda/cuda_buffer.hpp"
#include "backend/cuda/queue.hpp"
#include "backend/cuda/transfers.hpp"

namespace gpu_host::cuda {

class CudaStream final : public Stream {
 public:
  [[nodiscard]] static GpuResult<std::unique_ptr<Stream>> create(std::shared_ptr<Gpu> gpu,
                                                                 const StreamOptions& options);
  CudaStream(std::shared_ptr<Gpu> gpu, const StreamOptions& options);
  ~CudaStream() override;

  [[nodiscard]] GpuResult<std::unique_ptr<Buffer>> allocate(std::uint64_t size) override;
  // The buffer is a copy: wait, read and release bring the array up to date.
  [[nodiscard]] GpuResult<std::unique_ptr<Buffer>> wrap(const WrappedMemory& memory) override;
  void release(std::unique_ptr<Buffer> buffer) noexcept override;
  [[nodiscard]] GpuResult<void> write(Buffer& buffer, std::uint64_t offset, std::span<const std::byte> data) override;
  [[nodiscard]] GpuResult<void> read(const Buffer& buffer, std::uint64_t offset, std::uint64_t size,
                                     const ReadDestination& destination) override;
  [[nodiscard]] GpuResult<void> copy(const Buffer& source, std::uint64_t source_offset, Buffer& destination,
                                     std::uint64_t destination_offset, std::uint64_t size) override;

  [[nodiscard]] GpuResult<void> bootstrap_sample(const BootstrapParams& params, Buffer& output_indices) override;
  [[nodiscard]] GpuResult<void> find_split(const FindSplitParams& params, std::uint64_t n_rows, const Buffer& data,
                                           const Buffer& labels, const Buffer& indices, const Buffer& thresholds,
                                           Buffer& output_scores) override;
  [[nodiscard]] GpuResult<void> average(const AverageParams& params, const Buffer& tree_predictions,
                                        Buffer& output) override;
  [[nodiscard]] GpuResult<void> matmul(const MatmulParams& params, const Buffer& a, const Buffer& b,
                                       Buffer& c) override;
  [[nodiscard]] GpuResult<void> elementwise(const ElementwiseParams& params, const Buffer& input_a,
                                            const Buffer* input_b, Buffer& output) override;
  [[nodiscard]] GpuResult<void> reduce(const ReduceParams& params, const Buffer& input, Buffer& output) override;
  [[nodiscard]] GpuResult<void> batch_predict(const BatchPredictParams& params, const Buffer& samples,
                                              const Buffer& tree_nodes, const Buffer& tree_offsets,
                                              Buffer& output) override;

  void wait() override;
  [[nodiscard]] std::optional<GpuError> take_error() override;

 private:
  struct Work {  // what the driver must get back while the context is current
    Work(Gpu& gpu, const StreamOptions& options) : queue(gpu, options), transfers(queue) {}
    Queue queue;
    Transfers transfers;
  };

  [[nodiscard]] CurrentContext current() const { return CurrentContext(*gpu_); }

  std::shared_ptr<Gpu> gpu_;
  std::unique_ptr<Work> work_;
  CopiedArrays arrays_;
  std::optional<GpuError> late_error_;  // that nobody has taken
};

}  // namespace gpu_host::cuda
