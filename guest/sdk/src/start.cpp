// The entry point of a module, in place of the C library's crt1-command.o (link
// with -nostartfiles). Older wasi-libc (Debian 12's is one) has a crt1 that does
// not call __wasm_call_ctors; the linker then wraps *every* export in a run of
// all constructors and destructors, so that each call of cabi_realloc by the
// host would construct and destroy the program's static objects. Where
// __wasm_call_ctors is called by name, as here, the linker leaves exports alone.
#include <cstdlib>

#include "wasi_gpu/detail/contract_version.hpp"

const char WASI_GPU_VERSION_SYMBOL = 0;

extern "C" {

void __wasm_call_ctors();
int __main_void();  // the C library's: fetches the arguments and calls main

// For hosts that call other exports, of a module that is both a command and a library.
__attribute__((export_name("_initialize"))) void _initialize() { __wasm_call_ctors(); }

__attribute__((export_name("_start"))) void _start() {
  __wasm_call_ctors();
  std::exit(__main_void());  // runs destructors and flushes
}

}  // extern "C"
