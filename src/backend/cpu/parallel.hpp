// The threads of a stream. Work is cut into blocks by its size alone, never by
// the number of threads: the same call gives the same bits on one thread and on
// sixteen. Small work runs in the caller and allocates nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "backend/cpu/poll.hpp"
#include "backend/interrupt.hpp"

namespace gpu_host::cpu {

// For use by one thread at a time. Starts no thread before the first large work,
// and none at all where `threads` is 1.
class Workers {
 public:
  Workers(const Interrupt* interrupt, std::optional<std::uint32_t> threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Calls body(begin, end) for [0, block), [block, 2 * block) … [.., n): each once, in any order, on several threads
  // at a time where there are many blocks. A block should be work for 10 µs or more. False once an interrupt is
  // requested, which is polled before each block: the rest is then not done. What a body throws, one of them, comes
  // out; so does std::bad_alloc where there is no memory for threads.
  template <class Body>
  [[nodiscard]] bool for_blocks(std::size_t n, std::size_t block, const Body& body) {
    if (n <= block) {
      if (n > 0 && !stop()) body(std::size_t{0}, n);
      return !stop();
    }
    return run_blocks(n, block, kParallelBlocks, body);
  }

  // Calls body(i) for each i below n: the same of few that take long. They are begun in their order, so that threads
  // work next to each other.
  template <class Body>
  [[nodiscard]] bool for_each(std::size_t n, const Body& body) {
    std::atomic<std::size_t> next = 0;
    return run_blocks(n, 1, 2, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) body(next++);
    });
  }

  // How many threads work at most.
  [[nodiscard]] std::uint32_t threads() const;

  // Whether an interrupt was requested: then always true. From any thread.
  [[nodiscard]] bool stop() const { return interrupt_ != nullptr && interrupt_->requested(); }

  // For bodies whose blocks can take long.
  [[nodiscard]] Poll poll() const { return Poll(interrupt_); }

 private:
  class Arena;

  // TBB orders the memory accesses of a body after what the caller did before and before what it does afterwards;
  // `finished` repeats that where ThreadSanitizer, which cannot look into TBB, sees it.
  template <class Body>
  struct Work {
    std::atomic<std::size_t> finished;
    const Body* body;
    ~Work() { (void)finished.load(std::memory_order_acquire); }
    static void run_block(void* self, std::size_t begin, std::size_t end) {
      auto* const work = static_cast<Work*>(self);
      (void)work->finished.load(std::memory_order_acquire);
      struct Finish {  // also where the body throws
        Work* work;
        ~Finish() { work->finished.fetch_add(1, std::memory_order_release); }
      };
      const Finish finish{work};
      (*work->body)(begin, end);
    }
  };
  struct BlockFunction {
    void (*call)(void* work, std::size_t begin, std::size_t end);
    void* work;
  };
  // Of fewer blocks than this, most are done before another thread has woken up.
  static constexpr std::size_t kParallelBlocks = 4;

  template <class Body>
  [[nodiscard]] bool run_blocks(std::size_t n, std::size_t block, std::size_t least_parallel, const Body& body) {
    Work<Body> work{{}, &body};
    work.finished.store(0, std::memory_order_release);
    run(n, block, least_parallel, {&Work<Body>::run_block, &work});
    return !stop();
  }
  // In the caller alone where there are fewer than `least_parallel` blocks.
  void run(std::size_t n, std::size_t block, std::size_t least_parallel, BlockFunction function);

  const Interrupt* interrupt_;
  std::optional<std::uint32_t> threads_;
  std::unique_ptr<Arena> arena_;
};

}  // namespace gpu_host::cpu
