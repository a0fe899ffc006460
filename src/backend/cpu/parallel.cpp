#include "backend/cpu/parallel.hpp"

#include <tbb/blocked_range.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>

#include "util/log.hpp"

namespace gpu_host::cpu {
namespace {

// How many threads TBB can have. If memory runs out when it first looks at the machine,
// each of its later looks waits for ever: then it is never asked again.
std::uint32_t available_threads() {
  static const std::uint32_t threads = [] noexcept {
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

  // One that is not in use, or a new one.
  static std::unique_ptr<Arena> take(int threads) {
    {
      const std::lock_guard lock(unused().mutex);
      for (std::unique_ptr<Arena>* at = &unused().first; *at != nullptr; at = &(*at)->next_) {
        if ((*at)->arena_.max_concurrency() == threads) {
          std::unique_ptr<Arena> taken = std::move(*at);
          *at = std::move(taken->next_);
          return taken;
        }
      }
    }
    return std::make_unique<Arena>(threads);
  }

  static void give_back(std::unique_ptr<Arena> arena) {
    const std::lock_guard lock(unused().mutex);
    arena->next_ = std::move(unused().first);
    unused().first = std::move(arena);
  }

  template <class Function>
  void execute(const Function& function) {
    arena_.execute(function);
  }

 private:
  // Arenas are used again rather than destroyed: on a busy machine oneTBB 2021.8 never frees one that a thread of its
  // was yet to enter. So there are as many as streams have computed at one time.
  struct Unused {
    std::mutex mutex;
    std::unique_ptr<Arena> first;
  };
  static Unused& unused() {
    static auto* const unused = new Unused;  // outlives all streams, the static ones of an embedder too
    return *unused;
  }

  tbb::task_arena arena_;  // its threads include the one that calls execute
  std::unique_ptr<Arena> next_;
};

Workers::Workers(const Interrupt* interrupt, std::optional<std::uint32_t> threads)
    : interrupt_(interrupt), threads_(threads) {}

Workers::~Workers() {
  if (arena_ != nullptr) Arena::give_back(std::move(arena_));
}

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
      arena_ = Arena::take(static_cast<int>(threads()));
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
