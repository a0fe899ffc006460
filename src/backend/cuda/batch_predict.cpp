// Rows are cut so that a launch is neither too long in all nor for one thread. Where walks
// may be long (a hostile chain of nodes; or only a max-depth that says nothing), a launch
// leaves unfinished walks to the next one.
#include <algorithm>
#include <bit>
#include <utility>

#include "backend/cuda/kernels.hpp"
#include "backend/cuda/kernels/batch_predict.hpp"
#include "backend/cuda/launch_sizes.hpp"
#include "backend/cuda/modules.hpp"

namespace gpu_host::cuda {
namespace {

constexpr std::uint64_t kNodeBytes = 16;
// Enough to keep a large device busy.
constexpr std::uint64_t kEnoughThreads = std::uint64_t{1} << 17U;
constexpr std::uint64_t kMostShares = std::uint64_t{1} << 14U;
// Nodes that a thread visits in one launch: each may be a miss of the caches.
constexpr std::uint64_t kMostSteps = std::uint64_t{1} << 16U;
// Of a launch that may leave walks unfinished.
constexpr std::uint64_t kLeastSteps = 64;
// Launches that are queued without looking whether they are needed.
constexpr std::uint64_t kMostUnseen = 16;

class BatchPredict {
 public:
  BatchPredict(Queue& queue, const BatchPredictParams& params, const CudaBuffer& samples, const CudaBuffer& nodes,
               const CudaBuffer& offsets, const CudaBuffer& output)
      : queue_(queue), params_(params), samples_(samples), output_(output) {
    const std::uint64_t n_nodes = nodes.size() / kNodeBytes;
    const std::uint64_t max_work = queue.max_work();
    const std::uint64_t most_threads = std::clamp<std::uint64_t>(max_work / kLeastSteps, 1, kEnoughThreads);
    const std::uint64_t shares =
        std::min({std::bit_floor(std::max<std::uint64_t>(most_threads / std::max(params.batch_size, 1U), 1)),
                  std::bit_ceil(std::uint64_t{params.n_trees}), kMostShares});
    shares_log2_ = static_cast<std::uint32_t>(std::countr_zero(shares));
    steps_ = divide_up(params.n_trees, shares) * (std::min<std::uint64_t>(params.max_depth, n_nodes) + 1);

    const std::uint64_t most_rows = std::max<std::uint64_t>(most_threads >> shares_log2_, 1);
    const std::uint64_t rows_to_the_end = steps_ > kMostSteps ? 0 : (max_work / steps_) >> shares_log2_;
    rows_at_a_time_ =
        std::min<std::uint64_t>(rows_to_the_end > most_rows / 4 ? rows_to_the_end : most_rows, params.batch_size);

    walk_.nodes = nodes.pointer<const u32>();
    walk_.offsets = offsets.pointer<const u32>();
    walk_.errors = device_pointer<ErrorSlot>(queue.error_slot());
    walk_.n_nodes = n_nodes;
    walk_.n_features = params.n_features;
    walk_.n_trees = params.n_trees;
    walk_.max_depth = params.max_depth;
    walk_.shares_log2 = shares_log2_;
  }

  GpuResult<void> run() {
    const std::uint64_t threads = rows_at_a_time_ << shares_log2_;
    walk_.max_steps = low(std::min(steps_, std::clamp<std::uint64_t>(queue_.max_work() / threads, 1, kMostSteps)));
    n_launches_ = divide_up(steps_, walk_.max_steps);
    DeviceMemory scratch;
    if (shares_log2_ > 0 || n_launches_ > 1) {
      const std::uint64_t walkers_bytes = threads * sizeof(Walker);
      auto memory = queue_.allocate(walkers_bytes + sizeof(u64));
      if (!memory) return std::unexpected(std::move(memory.error()));
      scratch = *std::move(memory);
      walk_.walkers = device_pointer<Walker>(scratch.address());
      unfinished_ = scratch.address() + walkers_bytes;
      walk_.unfinished = device_pointer<u64>(unfinished_);
    }
    for (std::uint64_t row = 0; row < params_.batch_size; row += rows_at_a_time_) {
      auto predicted = predict_rows(row, std::min(rows_at_a_time_, params_.batch_size - row));
      if (!predicted) return predicted;
    }
    return {};
  }

 private:
  GpuResult<void> predict_rows(std::uint64_t row, std::uint64_t n_rows) {
    walk_.samples = samples_.pointer<const float>() + row * params_.n_features;
    walk_.output = output_.pointer<float>() + row;
    walk_.n_rows = n_rows;
    if (auto walked = walk_all(); !walked) return walked;
    if (walk_.walkers == nullptr) return {};

    const std::uint32_t width_log2 = std::min(shares_log2_, 8U);
    const AddShares add{.walkers = walk_.walkers,
                        .output = walk_.output,
                        .n_rows = n_rows,
                        .shares_log2 = shares_log2_,
                        .width_log2 = width_log2,
                        .n_trees = params_.n_trees};
    const Grid grid{.x = low(divide_up(n_rows << width_log2, kBlockThreads))};
    return queue_.launch(Kernel{&modules::batch_predict, "add_shares"}, grid, add, n_rows << shares_log2_);
  }

  // As many launches as the longest walks take; but where that may be many, looks from
  // time to time whether any is unfinished.
  GpuResult<void> walk_all() {
    const bool looks = n_launches_ > kMostUnseen;
    if (looks) {
      if (auto cleared = queue_.clear(unfinished_, sizeof(u64)); !cleared) return cleared;
    }
    std::uint64_t next_look = 1;
    for (std::uint64_t number = 1; number <= n_launches_; ++number) {
      walk_.launch_number = number;
      const std::uint64_t threads = walk_.n_rows << shares_log2_;
      const Grid grid{.x = low(divide_up(threads, kBlockThreads))};
      auto launched =
          queue_.launch(Kernel{&modules::batch_predict, "walk_trees"}, grid, walk_, threads * walk_.max_steps);
      if (!launched) return launched;
      if (!looks || number < next_look) continue;
      const auto last_unfinished = look();
      if (!last_unfinished) return std::unexpected(last_unfinished.error());
      if (*last_unfinished < number) break;
      next_look = number + std::min(number, kMostUnseen);
    }
    return {};
  }

  // *unfinished, after all that was queued.
  GpuResult<u64> look() {
    CUevent handle = nullptr;
    auto done = queue_.gpu().check(driver().EventCreate(&handle, CU_EVENT_DISABLE_TIMING), "EventCreate");
    if (!done) return std::unexpected(std::move(done.error()));
    const OwnedEvent event(handle);
    done = queue_.gpu().check(driver().EventRecord(handle, queue_.stream()), "EventRecord");
    if (done) done = queue_.wait_for(handle);
    u64 value = 0;
    if (done) {  // returns once it is copied, for this is no pinned memory
      done = queue_.gpu().check(driver().MemcpyDtoHAsync_v2(&value, unfinished_, sizeof(value), queue_.stream()),
                                "MemcpyDtoHAsync");
    }
    if (!done) return std::unexpected(std::move(done.error()));
    return value;
  }

  Queue& queue_;
  const BatchPredictParams& params_;
  const CudaBuffer& samples_;
  const CudaBuffer& output_;
  std::uint32_t shares_log2_ = 0;
  std::uint64_t steps_ = 0;  // of a thread, at most
  std::uint64_t rows_at_a_time_ = 0;
  std::uint64_t n_launches_ = 0;  // for these, at most
  CUdeviceptr unfinished_ = 0;
  WalkTrees walk_{};
};

}  // namespace

GpuResult<void> batch_predict(Queue& queue, const BatchPredictParams& params, const CudaBuffer& samples,
                              const CudaBuffer& tree_nodes, const CudaBuffer& tree_offsets, const CudaBuffer& output) {
  if (params.batch_size == 0) return {};
  return BatchPredict(queue, params, samples, tree_nodes, tree_offsets, output).run();
}

}  // namespace gpu_host::cuda
