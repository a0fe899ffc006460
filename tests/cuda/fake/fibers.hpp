// The threads of a block, run one after the other on one thread of the machine. One that
// waits at a barrier lets the next one run; one that does not costs no switch.
#pragma once

#include <cstdint>

namespace fake_cuda {

struct Index3 {
  unsigned x, y, z;
};

struct Kernel {
  const char* name;
  void (*run_thread)(const void* params);
  unsigned params_size;
  unsigned max_threads;  // of __launch_bounds__; 0: none given
};

// Of a block at a time: the caller takes turns with others that run kernels.
void run_block(const Kernel& kernel, const void* params, Index3 block_dim, bool in_reverse);

// -- for kernels, on a thread of a block ---------------------------------------------
// Returns once all threads of the block have called it: whether `value` was true in any.
bool wait_for_block(bool value);
// Returns once all threads of the warp have called it: their values, valid until the next call but one.
const std::uint64_t* exchange_in_warp(std::uint64_t value);
unsigned warp_lanes();  // of this thread's warp: 32, but for a block's last
unsigned lane();

}  // namespace fake_cuda
