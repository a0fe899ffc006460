#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string_view>

#include "cli/cli.hpp"
#include "gpu_host/devices.hpp"

namespace {

// Takes the numbers of standard descriptors that are closed, which the next files would
// get; the guest would write into them. Using these is an error, as if they were closed.
bool occupy_closed_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    const int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode) != fd) return false;
  }
  return true;
}

// The GPU library had no other way to say that the device failed.
void on_abort(int /*signal*/) {
  if (!gpu_host::is_in_gpu_library()) return;
  constexpr std::string_view kText = "wasmtime-gpu-host: error: the device failed, and its library gave up\n";
  // There is nothing to do about a failure.
  [[maybe_unused]] const auto written = write(STDERR_FILENO, kText.data(), kText.size());
  _exit(gpu_host::cli::kHostError);
}

}  // namespace

int main(int argc, char** argv) {
  if (!occupy_closed_descriptors()) return gpu_host::cli::kHostError;
  // Writing to a closed pipe, or beyond the limit of a file's size, is an error for
  // the guest and for the host, as under any WASI host.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGABRT, on_abort);
  try {
    return gpu_host::cli::main({argv + 1, argv + argc});
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "wasmtime-gpu-host: error: %s\n", failure.what());
    return gpu_host::cli::kHostError;
  }
}
