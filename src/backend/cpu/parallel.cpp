#include "backend/cpu/parallel.hpp"

#include <tbb/blocked_range.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <new>

#include "util/log.hpp"

namespace gpu_host::cpu {
namespace {

// How many threads TBB can have. If memory runs out when it first looks at the machine,
// each of its later looks waits for ever: then it is never asked again.
std::uint32_t available_threads() {
  static const std::uint32_t threads = []() noexcept {
    try {
      return static_cast<std::uint32_t>(std::max(1, tbb::info::default_concurrency()));
    } catch (...) {
      return 0U;
    }
  }();
  if (threads == 0) logger().warn("kernels run on one thread: oneTBB had no memory to start with");
  return std::max(1U, threads);
}

}  // namespace

class Workers::Arena {
 public:
  // An arena whose initialisation fails must not be used again: execute would wait for ever.
  explicit Arena(int threads) : arena_(threads) { arena_.initialize(); }

  template <class Function>
  void execute(const Function& function) {
    arena_.execute(function);
  }

 private:
  tbb::task_arena arena_;  // its threads include the one that calls execute
};

Workers::Workers(const Interrupt* interrupt, std::optional<std::uint32_t> threads)
    : interrupt_(interrupt), threads_(threads) {}

Workers::~Workers() = default;

std::uint32_t Workers::threads() const {
  if (threads_ == 1) return 1;
  const std::uint32_t available = available_threads();
  return std::clamp(threads_.value_or(available), 1U, available);
}

void Workers::run(std::size_t n, std::size_t block, std::size_t least_parallel, BlockFunction function) {
  if (n == 0) return;
  const std::size_t n_blocks = (n - 1) / block + 1;
  const auto run_blocks = [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last && !stop(); ++i) {
      function.call(function.work, i * block, std::min(n, (i + 1) * block));
    }
  };
  if (n_blocks < least_parallel || threads_ == 1) return run_blocks(0, n_blocks);
  try {
    if (arena_ == nullptr) {
      if (available_threads() == 1) return run_blocks(0, n_blocks);
      arena_ = std::make_unique<Arena>(static_cast<int>(threads()));
    }
    arena_->execute([&] {
      tbb::parallel_for(tbb::blocked_range<std::size_t>(0, n_blocks),
                        [&](const tbb::blocked_range<std::size_t>& range) { run_blocks(range.begin(), range.end()); });
    });
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    throw std::bad_alloc();  // TBB's own: the system gives it no threads
  }
}

}  // namespace gpu_host::cpu
