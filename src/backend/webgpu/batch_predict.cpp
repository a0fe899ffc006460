#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "backend/arithmetic.hpp"
#include "backend/webgpu/kernels.hpp"
#include "backend/webgpu/shaders.hpp"

namespace gpu_host::webgpu {
namespace {

constexpr std::uint64_t kInvocations = 256;
constexpr std::uint64_t kNodeWords = 4;
constexpr std::uint64_t kTotalWords = 6;
constexpr std::uint32_t kMostNodeWindows = 4;
// Enough to keep a large device busy.
constexpr std::uint64_t kEnoughInvocations = std::uint64_t{1} << 17U;
constexpr std::uint64_t kMostGroups = 64;

// As in the shader.
struct Predict {
  std::uint32_t n_rows;
  std::uint32_t n_features;
  std::uint32_t n_nodes;
  std::uint32_t node_shift;
  std::uint32_t max_depth;
  std::uint32_t first_tree;
  std::uint32_t n_trees;
  std::uint32_t trees_per_group;
  std::uint32_t lanes;
  std::uint32_t adds;
  std::uint32_t samples_first;
  std::uint32_t offsets_first;
  std::uint32_t output_first;
};

struct Groups {
  std::uint32_t n_rows;
  std::uint32_t n_groups;
  std::uint32_t n_trees;
  std::uint32_t output_first;
};

struct Forest {
  const WebGpuBuffer& nodes;
  const WebGpuBuffer& offsets;
};

class BatchPredict {
 public:
  BatchPredict(Commands& commands, const BatchPredictParams& params, const WebGpuBuffer& samples, const Forest& forest,
               const WebGpuBuffer& output)
      : commands_(commands),
        params_(params),
        samples_(samples),
        forest_(forest),
        output_(output),
        window_(commands.max_window()),
        n_nodes_(forest.nodes.size() / (kNodeWords * 4)),
        nodes_per_window_(std::bit_floor(std::min(window_ / kNodeWords, std::uint64_t{1} << 31U))),
        walk_(std::min<std::uint64_t>(params.max_depth, n_nodes_) + 1) {}

  GpuResult<void> run() {
    if (params_.batch_size == 0) return {};
    if (auto fits = check(); !fits) return fits;
    const std::uint64_t trees =
        std::min<std::uint64_t>({params_.n_trees, window_, std::max<std::uint64_t>(commands_.max_work() / walk_, 1)});
    const std::uint64_t at_a_time = std::min(window_ / std::max(params_.n_features, 1U),
                                             std::max<std::uint64_t>(commands_.max_work() / (walk_ * trees), 1));
    for (std::uint64_t row = 0; row < params_.batch_size; row += at_a_time) {
      auto predicted = predict_rows(row, std::min(at_a_time, params_.batch_size - row), trees);
      if (!predicted) return predicted;
    }
    return {};
  }

 private:
  // What cannot be cut, or not into more windows.
  [[nodiscard]] GpuResult<void> check() const {
    const auto too_large = [](const std::string& what, std::uint64_t bytes, std::uint64_t most) {
      return gpu_error(
          GpuErrorCode::kernel_error,
          what + std::to_string(bytes) + " bytes: this device can predict with at most " + std::to_string(most));
    };
    const std::uint64_t most_nodes = kMostNodeWindows * nodes_per_window_;
    if (n_nodes_ > most_nodes) {
      return too_large("tree-nodes has ", forest_.nodes.size(), most_nodes * kNodeWords * 4);
    }
    if (params_.n_features > window_) {
      return too_large("a row of samples has ", std::uint64_t{params_.n_features} * 4, window_ * 4);
    }
    return {};
  }

  // `trees_at_a_time`: of a launch.
  GpuResult<void> predict_rows(std::uint64_t row, std::uint64_t n_rows, std::uint64_t trees_at_a_time) {
    const std::uint64_t lanes = std::min({std::bit_floor(std::max<std::uint64_t>(kEnoughInvocations / n_rows, 1)),
                                          std::bit_ceil(trees_at_a_time), kInvocations});
    const std::uint64_t most_groups = std::min(kEnoughInvocations / (n_rows * lanes), trees_at_a_time / (4 * lanes));
    const std::uint64_t n_groups = std::clamp<std::uint64_t>(most_groups, 1, kMostGroups);
    Predict predict{.n_rows = low(n_rows),
                    .n_features = params_.n_features,
                    .n_nodes = low(n_nodes_),
                    .node_shift = static_cast<std::uint32_t>(std::countr_zero(nodes_per_window_)),
                    .max_depth = params_.max_depth,
                    .first_tree = 0,
                    .n_trees = params_.n_trees,
                    .trees_per_group = params_.n_trees,
                    .lanes = low(lanes),
                    .adds = 0,
                    .samples_first = 0,
                    .offsets_first = 0,
                    .output_first = 0};
    const Window means = commands_.window(6, output_, row, n_rows);
    if (n_groups == 1 && trees_at_a_time == params_.n_trees) {
      predict.output_first = means.first;
      return launch("predict_means", predict, row, means.binding, 1);
    }

    const std::uint64_t words = n_rows * n_groups * kTotalWords;
    auto totals = commands_.scratch(words * 4);
    if (!totals) return std::unexpected(std::move(totals.error()));
    for (std::uint64_t tree = 0; tree < params_.n_trees; tree += trees_at_a_time) {
      predict.first_tree = low(tree);
      predict.n_trees = low(std::min(trees_at_a_time, params_.n_trees - tree));
      predict.trees_per_group = low(divide_up(predict.n_trees, n_groups));
      predict.adds = tree == 0 ? 0 : 1;
      const Binding output = commands_.window(6, **totals, 0, words).binding;
      auto launched = launch("predict_totals", predict, row, output, n_groups);
      if (!launched) return launched;
    }
    const Groups groups{
        .n_rows = low(n_rows), .n_groups = low(n_groups), .n_trees = params_.n_trees, .output_first = means.first};
    return commands_.launch({.shader = &shaders::batch_predict, .entry_point = "add_groups"},
                            {commands_.window(8, **totals, 0, words).binding, means.binding}, bytes_of(groups),
                            line_of(divide_up(n_rows, kInvocations)), words);
  }

  GpuResult<void> launch(std::string_view entry_point, Predict predict, std::uint64_t row, const Binding& output,
                         std::uint64_t n_groups) {
    const Window samples =
        commands_.window(0, samples_, row * params_.n_features, std::uint64_t{predict.n_rows} * params_.n_features);
    const Window offsets = commands_.window(5, forest_.offsets, predict.first_tree, predict.n_trees);
    predict.samples_first = samples.first;
    predict.offsets_first = offsets.first;

    std::vector<Binding> bindings{samples.binding, offsets.binding, output, commands_.error_slot(7)};
    const auto n_windows =
        static_cast<std::uint32_t>(std::max<std::uint64_t>(divide_up(n_nodes_, nodes_per_window_), 1));
    for (std::uint32_t i = 0; i < kMostNodeWindows; ++i) {
      const std::uint64_t first = i < n_windows ? i * nodes_per_window_ : 0;  // what is not read is the first again
      const std::uint64_t size = std::min(nodes_per_window_, n_nodes_ - first);
      bindings.push_back(commands_.window(1 + i, forest_.nodes, first * kNodeWords, size * kNodeWords).binding);
    }
    const Kernel kernel{.shader = &shaders::batch_predict,
                        .entry_point = entry_point,
                        .constants = {{{.name = "kNodeWindows", .value = static_cast<double>(n_windows)}}}};
    const std::uint64_t rows_per_workgroup = kInvocations / predict.lanes;
    Grid grid = line_of(divide_up(predict.n_rows, rows_per_workgroup));
    grid.z = low(n_groups);
    return commands_.launch(kernel, bindings, bytes_of(predict), grid,
                            std::uint64_t{predict.n_rows} * predict.n_trees * walk_);
  }

  Commands& commands_;
  const BatchPredictParams& params_;
  const WebGpuBuffer& samples_;
  Forest forest_;
  const WebGpuBuffer& output_;
  std::uint64_t window_;
  std::uint64_t n_nodes_;
  std::uint64_t nodes_per_window_;
  std::uint64_t walk_;  // steps at most, of a row on a tree
};

}  // namespace

GpuResult<void> batch_predict(Commands& commands, const BatchPredictParams& params, const WebGpuBuffer& samples,
                              const WebGpuBuffer& tree_nodes, const WebGpuBuffer& tree_offsets,
                              const WebGpuBuffer& output) {
  return BatchPredict(commands, params, samples, {tree_nodes, tree_offsets}, output).run();
}

}  // namespace gpu_host::webgpu
