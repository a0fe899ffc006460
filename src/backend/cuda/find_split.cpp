// Every row is compared with every threshold. Rows are cut into blocks by their number alone,
// thresholds into chunks by that and what a launch may do, so that results have the same
// bits every time.
#include <algorithm>
#include <bit>
#include <utility>

#include "backend/cuda/kernels.hpp"
#include "backend/cuda/kernels/find_split.hpp"
#include "backend/cuda/launch_sizes.hpp"
#include "backend/cuda/modules.hpp"

namespace gpu_host::cuda {
namespace {

// Rows in a block: at least so many, so that small nodes take one launch, and at most so
// many, as long as there are not enough blocks to keep a large device busy.
constexpr std::uint64_t kLeastBlock = 1024;
constexpr std::uint64_t kMostBlock = std::uint64_t{1} << 17U;
constexpr std::uint64_t kEnoughBlocks = 2048;
// Bounds the scratch: 12 bytes each.
constexpr std::uint64_t kMostSums = std::uint64_t{1} << 22U;
// Of a row, but for the thresholds.
constexpr std::uint64_t kWorkPerRow = 8;
constexpr std::uint64_t kMostGroups = 0xffff;  // a grid's y
constexpr std::uint64_t kCombined = 8;         // as in the .cu file

struct Slice {
  std::uint64_t first;
  std::uint64_t size;
};

class FindSplit {
 public:
  FindSplit(Queue& queue, const FindSplitParams& params, const SumBlocks& inputs)
      : queue_(queue), n_(params.n_samples), n_thresholds_(params.n_thresholds), sum_(inputs) {
    block_ =
        divide_up(std::clamp(divide_up(n_, kEnoughBlocks), kLeastBlock, kMostBlock), kBlockThreads) * kBlockThreads;
    n_blocks_ = std::max<std::uint64_t>(divide_up(n_, block_), 1);
    sum_.n = params.n_samples;
    sum_.block = low(block_);
  }

  GpuResult<void> run(const float* thresholds, float* scores) {
    const std::uint64_t at_a_time = std::min(thresholds_at_a_time(), n_thresholds_);
    DeviceMemory scratch;
    if (n_blocks_ > 1) {
      const std::uint64_t alls_bytes = n_blocks_ * sizeof(LabelSums);
      const std::uint64_t sums_bytes = n_blocks_ * at_a_time * sizeof(double);
      auto memory = queue_.allocate(alls_bytes + sums_bytes + n_blocks_ * at_a_time * sizeof(u32));
      if (!memory) return std::unexpected(std::move(memory.error()));
      scratch = *std::move(memory);
      sum_.blocks = {.alls = device_pointer<LabelSums>(scratch.address()),
                     .sums = device_pointer<double>(scratch.address() + alls_bytes),
                     .counts = device_pointer<u32>(scratch.address() + alls_bytes + sums_bytes)};
    }
    Slice some{0, 0};
    do {  // once where there are no thresholds: the indices are checked all the same
      some.size = std::min(at_a_time, n_thresholds_ - some.first);
      if (auto scored = score(some.size, thresholds + some.first, scores + some.first); !scored) return scored;
      some.first += some.size;
    } while (some.first < n_thresholds_);
    return {};
  }

 private:
  // So few that a block of rows is little enough for a launch.
  [[nodiscard]] std::uint64_t thresholds_at_a_time() const {
    const std::uint64_t per_row = queue_.max_work() / block_;
    const std::uint64_t for_launch = per_row > kWorkPerRow ? std::bit_floor(per_row - kWorkPerRow) : 1;
    const std::uint64_t most_sums = std::min(kMostSums, queue_.max_work());
    return std::min(
        {for_launch, std::max<std::uint64_t>(std::bit_floor(most_sums / n_blocks_), 1), kMostGroups * kBlockThreads});
  }

  GpuResult<void> score(std::uint64_t n_thresholds, const float* thresholds, float* scores) {
    sum_.thresholds = thresholds;
    sum_.scores = n_blocks_ == 1 ? scores : nullptr;
    sum_.n_thresholds = low(n_thresholds);
    if (auto summed = sum_rows(n_thresholds); !summed) return summed;
    if (n_blocks_ == 1 || n_thresholds == 0) return {};
    const Combine all{.blocks = sum_.blocks,
                      .scores = scores,
                      .n = sum_.n,
                      .n_blocks = low(n_blocks_),
                      .n_thresholds = low(n_thresholds)};
    const Grid grid{.x = low(divide_up(n_thresholds, kCombined))};
    return queue_.launch(Kernel{&modules::find_split, "combine"}, grid, all, n_blocks_ * n_thresholds);
  }

  // In launches of whole blocks.
  GpuResult<void> sum_rows(std::uint64_t n_thresholds) {
    const std::uint64_t width =
        std::min<std::uint64_t>(std::bit_ceil(std::max<std::uint64_t>(n_thresholds, 1)), kBlockThreads);
    const std::uint64_t groups = std::max<std::uint64_t>(divide_up(n_thresholds, width), 1);
    sum_.width_log2 = static_cast<std::uint32_t>(std::countr_zero(width));
    const std::uint64_t work_of_block = block_ * (groups * width + kWorkPerRow);
    const std::uint64_t at_a_time = std::max<std::uint64_t>(queue_.max_work() / work_of_block, 1);
    Slice blocks{0, 0};
    for (; blocks.first < n_blocks_; blocks.first += blocks.size) {
      blocks.size = std::min(at_a_time, n_blocks_ - blocks.first);
      sum_.first_block = low(blocks.first);
      const Grid grid{.x = low(blocks.size), .y = low(groups)};
      auto launched =
          queue_.launch(Kernel{&modules::find_split, "sum_blocks"}, grid, sum_, blocks.size * work_of_block);
      if (!launched) return launched;
    }
    return {};
  }

  Queue& queue_;
  std::uint64_t n_;
  std::uint64_t n_thresholds_;
  std::uint64_t block_;
  std::uint64_t n_blocks_;
  SumBlocks sum_;
};

}  // namespace

GpuResult<void> find_split(Queue& queue, const FindSplitParams& params, std::uint64_t n_rows, const CudaBuffer& data,
                           const CudaBuffer& labels, const CudaBuffer& indices, const CudaBuffer& thresholds,
                           const CudaBuffer& output_scores) {
  SumBlocks inputs{};
  inputs.column = data.pointer<const float>() + params.feature_idx;
  inputs.labels = labels.pointer<const float>();
  inputs.indices = indices.pointer<const u32>();
  inputs.errors = device_pointer<ErrorSlot>(queue.error_slot());
  inputs.n_rows = n_rows;
  inputs.n_features = params.n_features;
  return FindSplit(queue, params, inputs).run(thresholds.pointer<const float>(), output_scores.pointer<float>());
}

}  // namespace gpu_host::cuda
