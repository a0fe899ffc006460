// Rows are cut into blocks and thresholds into chunks, by their numbers alone, so
// that results have the same bits every time. A table that a kernel cannot see
// whole is gathered before, window by window.
#include <algorithm>
#include <bit>
#include <optional>

#include "backend/arithmetic.hpp"
#include "backend/webgpu/kernels.hpp"
#include "backend/webgpu/shaders.hpp"

namespace gpu_host::webgpu {
namespace {

constexpr std::uint32_t kInvocations = 256;
// Rows in a block: at least so many, so that small nodes take one launch, and at most so
// many, as long as there are not enough blocks to keep a large device busy.
constexpr std::uint64_t kLeastBlock = 2048;
constexpr std::uint64_t kMostBlock = std::uint64_t{1} << 18U;
constexpr std::uint64_t kEnoughBlocks = 1024;
// Bounds the scratch.
constexpr std::uint64_t kMostSums = std::uint64_t{1} << 24U;
constexpr std::uint64_t kMostGathered = std::uint64_t{1} << 22U;
// Of a row, but for the thresholds.
constexpr std::uint64_t kWorkPerRow = 8;
// Thresholds per workgroup that combines: the other invocations share the blocks.
constexpr std::uint32_t kCombined = 32;

// As in the shader.
struct Blocks {
  std::uint32_t n;
  std::uint32_t first_position;
  std::uint32_t block;
  std::uint32_t first_block;
  std::uint32_t n_blocks;
  std::uint32_t is_gathered;
  std::uint32_t n_rows;
  std::uint32_t n_features;
  std::uint32_t n_thresholds;
  std::uint32_t width;
  std::uint32_t data_first;
  std::uint32_t labels_first;
  std::uint32_t indices_first;
  std::uint32_t thresholds_first;
  std::uint32_t sums_first;
};

struct Combine {
  std::uint32_t n;
  std::uint32_t n_blocks;
  std::uint32_t n_thresholds;
  std::uint32_t width;
  std::uint32_t sums_first;
  std::uint32_t scores_first;
};

struct Gather {
  std::uint32_t n;
  std::uint32_t first_position;
  std::uint32_t first_row;
  std::uint32_t n_rows;
  std::uint32_t is_last;
  std::uint32_t n_features;
  std::uint32_t data_first;
  std::uint32_t labels_first;
  std::uint32_t indices_first;
};

struct Range {
  std::uint64_t first;
  std::uint64_t size;
};

std::uint64_t words_of_sums(std::uint64_t n_blocks, std::uint64_t n_thresholds) {
  return 2 + 5 * n_blocks + 3 * n_blocks * n_thresholds;
}

struct Inputs {
  const WebGpuBuffer& data;
  const WebGpuBuffer& labels;
  const WebGpuBuffer& indices;
  const WebGpuBuffer& thresholds;
};

struct Gathered {
  Commands::Scratch data;
  Commands::Scratch labels;
};

class FindSplit {
 public:
  FindSplit(Commands& commands, const FindSplitParams& params, std::uint64_t n_rows, const Inputs& inputs)
      : commands_(commands), params_(params), n_rows_(n_rows), inputs_(inputs), window_(commands.max_window()) {
    const std::uint64_t n = params.n_samples;
    block_ = divide_up(std::clamp(divide_up(n, kEnoughBlocks), kLeastBlock, kMostBlock), kInvocations) * kInvocations;
    n_blocks_ = std::max<std::uint64_t>(divide_up(n, block_), 1);
  }

  GpuResult<void> run(const WebGpuBuffer& scores) {
    if (n_rows_ > window_ || span_of(n_rows_) > window_) {
      const std::uint64_t bytes = std::min<std::uint64_t>(std::max(kMostGathered, block_), params_.n_samples) * 4;
      auto data = commands_.scratch(bytes);
      if (!data) return std::unexpected(std::move(data.error()));
      auto labels = commands_.scratch(bytes);
      if (!labels) return std::unexpected(std::move(labels.error()));
      gathered_.emplace(*std::move(data), *std::move(labels));
    }
    const std::uint64_t at_a_time = thresholds_at_a_time();
    Range thresholds{0, 0};
    do {  // once where there are no thresholds: the indices are checked all the same
      thresholds.size = std::min(at_a_time, params_.n_thresholds - thresholds.first);
      auto scored = score(thresholds, scores);
      if (!scored) return scored;
      thresholds.first += thresholds.size;
    } while (thresholds.first < params_.n_thresholds);
    return {};
  }

 private:
  // Elements of the feature's column.
  [[nodiscard]] std::uint64_t span_of(std::uint64_t rows) const {
    return rows == 0 ? 0 : (rows - 1) * params_.n_features + 1;
  }

  [[nodiscard]] std::uint64_t thresholds_at_a_time() const {
    std::uint64_t most = std::min(window_, commands_.max_work() / block_);
    if (n_blocks_ > 1) most = std::min(most, std::min(kMostSums, window_) / (3 * n_blocks_ + 1));
    return std::clamp<std::uint64_t>(most / kInvocations, 1, kMaxWorkgroups) * kInvocations;
  }

  // A number of whole blocks.
  [[nodiscard]] std::uint64_t rows_per_launch(std::uint64_t n_thresholds) const {
    const std::uint64_t bound = gathered_ ? std::min(kMostGathered, window_) : window_;
    const std::uint64_t rows = std::min(bound, commands_.max_work() / (n_thresholds + kWorkPerRow));
    return std::max<std::uint64_t>(rows / block_, 1) * block_;
  }

  GpuResult<void> score(Range thresholds, const WebGpuBuffer& scores) {
    if (n_blocks_ == 1 && thresholds.size > 0) {
      return sum(thresholds, commands_.window(4, scores, thresholds.first, thresholds.size));
    }
    const std::uint64_t words = words_of_sums(n_blocks_, thresholds.size);
    auto scratch = commands_.scratch(words * 4);
    if (!scratch) return std::unexpected(std::move(scratch.error()));
    auto summed = sum(thresholds, commands_.window(4, **scratch, 0, words));
    if (!summed || thresholds.size == 0) return summed;

    const Window sums = commands_.window(5, **scratch, 0, words);
    const Window output = commands_.window(4, scores, thresholds.first, thresholds.size);
    const std::uint32_t width = std::min(std::bit_ceil(low(thresholds.size)), kCombined);
    const Combine parts{.n = params_.n_samples,
                        .n_blocks = low(n_blocks_),
                        .n_thresholds = low(thresholds.size),
                        .width = width,
                        .sums_first = sums.first,
                        .scores_first = output.first};
    const Kernel kernel{.shader = &shaders::find_split, .entry_point = "combine"};
    return commands_.launch(kernel, {sums.binding, output.binding}, bytes_of(parts),
                            line_of(divide_up(thresholds.size, width)), words);
  }

  // Of all rows, in launches of whole blocks.
  GpuResult<void> sum(Range thresholds, const Window& sums) {
    const std::uint32_t width = std::min(std::bit_ceil(std::max(low(thresholds.size), 1U)), kInvocations);
    const std::uint64_t groups = std::max<std::uint64_t>(divide_up(thresholds.size, width), 1);
    const std::uint64_t at_a_time = rows_per_launch(groups * width);
    const Window some_thresholds = commands_.window(3, inputs_.thresholds, thresholds.first, thresholds.size);
    Range rows{0, 0};
    do {  // once where there are no rows
      rows.size = std::min(at_a_time, params_.n_samples - rows.first);
      if (gathered_) {
        if (auto done = gather(rows); !done) return done;
      }
      const Window indices = commands_.window(2, inputs_.indices, rows.first, rows.size);
      const Window data = gathered_ ? commands_.window(0, *gathered_->data, 0, rows.size)
                                    : commands_.window(0, inputs_.data, params_.feature_idx, span_of(n_rows_));
      const Window labels = gathered_ ? commands_.window(1, *gathered_->labels, 0, rows.size)
                                      : commands_.window(1, inputs_.labels, 0, n_rows_);
      const Blocks blocks{.n = low(rows.size),
                          .first_position = low(rows.first),
                          .block = low(block_),
                          .first_block = low(rows.first / block_),
                          .n_blocks = low(n_blocks_),
                          .is_gathered = gathered_ ? 1U : 0U,
                          .n_rows = low(n_rows_),
                          .n_features = gathered_ ? 1U : params_.n_features,
                          .n_thresholds = low(thresholds.size),
                          .width = width,
                          .data_first = data.first,
                          .labels_first = labels.first,
                          .indices_first = indices.first,
                          .thresholds_first = some_thresholds.first,
                          .sums_first = sums.first};
      const Grid grid{.x = std::max(low(divide_up(rows.size, block_)), 1U), .y = low(groups)};
      auto launched = commands_.launch({.shader = &shaders::find_split, .entry_point = "sum_blocks"},
                                       {data.binding, labels.binding, indices.binding, some_thresholds.binding,
                                        sums.binding, commands_.error_slot(7)},
                                       bytes_of(blocks), grid, rows.size * (groups * width + kWorkPerRow));
      if (!launched) return launched;
      rows.first += rows.size;
    } while (rows.first < params_.n_samples);
    return {};
  }

  // Looks for the rows at some positions in one window of the table after the other.
  GpuResult<void> gather(Range positions) {
    const std::uint64_t n_rows = std::min(n_rows_, std::uint64_t{1} << 32U);  // as many as an index can name
    const std::uint64_t at_a_time = std::min(window_, (window_ - 1) / params_.n_features + 1);
    const Window indices = commands_.window(2, inputs_.indices, positions.first, positions.size);
    const Window data = commands_.window(6, *gathered_->data, 0, positions.size);
    const Window labels = commands_.window(8, *gathered_->labels, 0, positions.size);
    for (Range rows{0, 0}; rows.first < n_rows; rows.first += rows.size) {
      rows.size = std::min(at_a_time, n_rows - rows.first);
      const Window some_data =
          commands_.window(0, inputs_.data, rows.first * params_.n_features + params_.feature_idx, span_of(rows.size));
      const Window some_labels = commands_.window(1, inputs_.labels, rows.first, rows.size);
      const Gather gathered{.n = low(positions.size),
                            .first_position = low(positions.first),
                            .first_row = low(rows.first),
                            .n_rows = low(rows.size),
                            .is_last = rows.first + rows.size == n_rows ? 1U : 0U,
                            .n_features = params_.n_features,
                            .data_first = some_data.first,
                            .labels_first = some_labels.first,
                            .indices_first = indices.first};
      auto launched = commands_.launch({.shader = &shaders::find_split, .entry_point = "gather"},
                                       {some_data.binding, some_labels.binding, indices.binding, data.binding,
                                        labels.binding, commands_.error_slot(7)},
                                       bytes_of(gathered), line_of(divide_up(positions.size, kInvocations)),
                                       positions.size * kWorkPerRow);
      if (!launched) return launched;
    }
    return {};
  }

  Commands& commands_;
  const FindSplitParams& params_;
  std::uint64_t n_rows_;
  Inputs inputs_;
  std::uint64_t window_;
  std::uint64_t block_;
  std::uint64_t n_blocks_;
  std::optional<Gathered> gathered_;
};

}  // namespace

GpuResult<void> find_split(Commands& commands, const FindSplitParams& params, std::uint64_t n_rows,
                           const WebGpuBuffer& data, const WebGpuBuffer& labels, const WebGpuBuffer& indices,
                           const WebGpuBuffer& thresholds, const WebGpuBuffer& output_scores) {
  return FindSplit(commands, params, n_rows, {data, labels, indices, thresholds}).run(output_scores);
}

}  // namespace gpu_host::webgpu
