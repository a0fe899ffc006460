// Stacks for fibers and the switch between them: on x86-64 a few instructions, elsewhere
// the system's, which is far slower. AddressSanitizer is told.
#pragma once

#include <sys/mman.h>
#ifndef __x86_64__
#include <ucontext.h>
#endif

#include <cstddef>
#include <cstdio>
#include <cstdlib>

#ifdef __SANITIZE_ADDRESS__
#define FAKE_CUDA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FAKE_CUDA_ASAN 1
#endif
#endif
#ifdef FAKE_CUDA_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace fake_cuda {

struct Stack {
#ifdef __x86_64__
  void* position = nullptr;
#else
  ucontext_t position = {};
#endif
  const void* bottom = nullptr;
  std::size_t size = 0;
  void* sanitizers = nullptr;
  void (*entry)() = nullptr;
};

inline Stack* left_stack = nullptr;     // the one that ran before the current one
inline Stack* entered_stack = nullptr;  // the current one

#ifdef __x86_64__
extern "C" void fake_cuda_switch(void** from, void* to);
#endif

inline void finish_switch() {
#ifdef FAKE_CUDA_ASAN
  __sanitizer_finish_switch_fiber(entered_stack->sanitizers, &left_stack->bottom, &left_stack->size);
#endif
}

inline void switch_stacks(Stack& from, Stack& to) {
  left_stack = &from;
  entered_stack = &to;
#ifdef FAKE_CUDA_ASAN
  __sanitizer_start_switch_fiber(&from.sanitizers, to.bottom, to.size);
#endif
#ifdef __x86_64__
  fake_cuda_switch(&from.position, to.position);
#else
  (void)swapcontext(&from.position, &to.position);
#endif
  finish_switch();
}

inline void start_stack() {
  finish_switch();
  entered_stack->entry();
  std::abort();  // entries do not return
}

// A stack with a page below it that cannot be touched; it lives as long as the process.
inline void make_stack(Stack& stack, void (*entry)()) {
  constexpr std::size_t kSize = 256 << 10;
  constexpr std::size_t kGuard = 64 << 10;
  void* const memory =
      mmap(nullptr, kGuard + kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, kGuard, PROT_NONE) != 0) {
    (void)std::fputs("fake_cuda: no memory for a stack\n", stderr);
    std::abort();
  }
  std::byte* const bottom = static_cast<std::byte*>(memory) + kGuard;
  stack.bottom = bottom;
  stack.size = kSize;
  stack.entry = entry;
#ifdef __x86_64__
  // What fake_cuda_switch takes back: six registers, where to go on; then no caller.
  auto** const top = reinterpret_cast<void**>(bottom + kSize);
  top[-1] = nullptr;
  top[-2] = reinterpret_cast<void*>(&start_stack);
  for (int i = 3; i <= 8; ++i) top[-i] = nullptr;
  stack.position = top - 8;
#else
  (void)getcontext(&stack.position);
  stack.position.uc_stack.ss_sp = bottom;
  stack.position.uc_stack.ss_size = kSize;
  makecontext(&stack.position, &start_stack, 0);
#endif
}

}  // namespace fake_cuda
