// A queue whose calls are done when they return: errors are never late.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "backend/backend.hpp"
#include "backend/cpu/forest/engine.hpp"
#include "backend/cpu/kernels.hpp"
#include "backend/cpu/parallel.hpp"

namespace gpu_host::cpu {

class CpuStream final : public Stream {
 public:
  // `total_memory` bounds what allocate tries.
  CpuStream(const StreamOptions& options, std::uint64_t total_memory)
      : workers_(options.interrupt, options.threads), total_memory_(total_memory) {}

  // Pages of a large buffer cost nothing until they are touched.
  [[nodiscard]] GpuResult<std::unique_ptr<Buffer>> allocate(std::uint64_t size) override;

  // invalid_params for memory that is empty or not aligned to 4 bytes: kernels
  // read their f32 and u32 in place.
  [[nodiscard]] GpuResult<std::unique_ptr<Buffer>> wrap(const WrappedMemory& memory) override;

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

  [[nodiscard]] ForestEngine* forests() override { return &forests_; }

  void wait() override {}

 private:
  // As memmove, in chunks.
  [[nodiscard]] GpuResult<void> move_bytes(std::byte* to, const std::byte* from, std::size_t size) const;

  Workers workers_;
  std::uint64_t total_memory_;
  FindSplitScratch find_split_scratch_;
  PackedForest packed_forest_;
  CpuForestEngine forests_{workers_};
};

}  // namespace gpu_host::cpu
