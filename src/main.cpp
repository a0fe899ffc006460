#include <csignal>
#include <cstdio>
#include <exception>

#include "cli/cli.hpp"

int main(int argc, char** argv) {
  // A guest that writes to a closed pipe gets an error, as under any WASI host.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return gpu_host::cli::main({argv + 1, argv + argc});
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "wasmtime-gpu-host: error: %s\n", failure.what());
    return gpu_host::cli::kHostError;
  }
}
