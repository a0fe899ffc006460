// The export through which the host allocates the strings and lists that it
// returns. Inline, so that every module that uses the bindings has it once.
#pragma once

#include <cstddef>

#include "wasi_gpu/detail/read_destination.hpp"

extern "C" __attribute__((export_name("cabi_realloc"), used)) inline void* cabi_realloc(void* old, std::size_t old_size,
                                                                                        std::size_t align,
                                                                                        std::size_t new_size) {
  return wasi_gpu::detail::reallocate(wasi_gpu::detail::read_destination, old, old_size, align, new_size);
}
