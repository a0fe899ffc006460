#include "cli/messages.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "cli/cli.hpp"

namespace gpu_host::cli {
namespace {

int exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::trap:
    case ErrorKind::limit:
      return kTrap;
    case ErrorKind::invalid_argument:
      return kUsageError;
    case ErrorKind::not_found:
    case ErrorKind::invalid_module:
    case ErrorKind::link:
    case ErrorKind::device:
    case ErrorKind::exit:
    case ErrorKind::internal:
      break;
  }
  return kHostError;
}

}  // namespace

void say(const std::string& text) { std::fputs(text.c_str(), stderr); }

int fail(const Error& error) {
  say(fmt::format("wasmtime-gpu-host: error: {}\n", error.message));
  return exit_code_of(error.kind);
}

}  // namespace gpu_host::cli
