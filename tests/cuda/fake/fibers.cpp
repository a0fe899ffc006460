#include "fibers.hpp"

#include <sys/mman.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <vector>

#include "emulation.hpp"
#include "stack_switch.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): CUDA's names
dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace fake_cuda {
namespace {

constexpr unsigned kWarp = 32;

struct Fiber {
  Stack stack;
  unsigned thread = 0;  // that it runs, of the block
};

struct Warp {
  unsigned lanes = 0;
  unsigned uses = 0;  // exchanges that are complete
  std::array<std::array<std::uint64_t, kWarp>, 2> values;
  std::vector<Fiber*> waiting;
};

// The block that runs.
struct Block {
  const Kernel* kernel = nullptr;
  const void* params = nullptr;
  unsigned threads = 0, started = 0, finished = 0;
  bool in_reverse = false;
  unsigned barriers = 0;  // that are complete
  std::array<bool, 2> any{};
  std::vector<Fiber*> waiting;  // at a barrier
  std::array<Warp, 1024 / kWarp> warps;

  Fiber caller;
  Fiber* current = nullptr;
  std::deque<Fiber*> ready;
  std::vector<Fiber*> idle;
};
Block* const block = new Block;  // as long as the process: so are the fibers, which use it

void set_thread(unsigned thread) {
  block->current->thread = thread;
  threadIdx.x = thread % blockDim.x;
  threadIdx.y = thread / blockDim.x % blockDim.y;
  threadIdx.z = thread / blockDim.x / blockDim.y;
}

void switch_to(Fiber* fiber) {
  Fiber& from = *block->current;
  block->current = fiber;
  switch_stacks(from.stack, fiber->stack);
}

// What each fiber runs, for good: threads that have not started yet, one after the other.
void run_threads() {
  for (;;) {
    while (block->started < block->threads) {
      const unsigned next = block->started++;
      set_thread(block->in_reverse ? block->threads - 1 - next : next);
      block->kernel->run_thread(block->params);
      ++block->finished;
    }
    block->idle.push_back(block->current);
    Fiber* next = &block->caller;
    if (!block->ready.empty()) {
      next = block->ready.front();
      block->ready.pop_front();
    }
    switch_to(next);
  }
}

Fiber* idle_fiber() {
  if (block->idle.empty()) {
    auto* const fiber = new Fiber;
    make_stack(fiber->stack, run_threads);
    return fiber;
  }
  Fiber* const fiber = block->idle.back();
  block->idle.pop_back();
  return fiber;
}

// Lets others run until the current thread is ready again.
void wait() {
  const unsigned thread = block->current->thread;
  if (!block->ready.empty()) {
    Fiber* const next = block->ready.front();
    block->ready.pop_front();
    switch_to(next);
  } else {
    switch_to(block->started < block->threads ? idle_fiber() : &block->caller);
  }
  set_thread(thread);
}

void wake(std::vector<Fiber*>& waiting) {
  block->ready.insert(block->ready.end(), waiting.begin(), waiting.end());
  waiting.clear();
}

Warp& current_warp() { return block->warps[block->current->thread / kWarp]; }

}  // namespace

void run_block(const Kernel& kernel, const void* params, Index3 block_dim, bool in_reverse) {
  blockDim = {block_dim};
  block->kernel = &kernel;
  block->params = params;
  block->threads = block_dim.x * block_dim.y * block_dim.z;
  block->started = block->finished = 0;
  block->in_reverse = in_reverse;
  for (unsigned first = 0; first < block->threads; first += kWarp) {
    block->warps[first / kWarp].lanes = min(kWarp, block->threads - first);
  }
  block->current = &block->caller;
  switch_to(idle_fiber());
  if (block->finished == block->threads) return;
  (void)std::fprintf(stderr, "fake_cuda: kernel %s: threads have ended for which others wait\n", kernel.name);
  std::abort();
}

bool wait_for_block(bool value) {
  const unsigned slot = block->barriers % 2;
  block->any[slot] = block->any[slot] || value;
  if (block->waiting.size() + 1 < block->threads) {
    block->waiting.push_back(block->current);
    wait();
  } else {
    ++block->barriers;
    block->any[1 - slot] = false;  // all have read it: they are here
    wake(block->waiting);
  }
  return block->any[slot];
}

const std::uint64_t* exchange_in_warp(std::uint64_t value) {
  Warp& warp = current_warp();
  auto& values = warp.values[warp.uses % 2];
  values[lane()] = value;
  if (warp.waiting.size() + 1 < warp.lanes) {
    warp.waiting.push_back(block->current);
    wait();
  } else {
    ++warp.uses;
    wake(warp.waiting);
  }
  return values.data();
}

unsigned warp_lanes() { return current_warp().lanes; }
unsigned lane() { return block->current->thread % kWarp; }

}  // namespace fake_cuda
