#include "cli/run_command.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <optional>
#include <vector>

#include "cli/cli.hpp"
#include "util/log.hpp"
#include "util/watchdog.hpp"

namespace gpu_host::cli {
namespace {

// How long a guest may stay in a blocking WASI call, which the library cannot
// interrupt, after its timeout.
constexpr std::chrono::nanoseconds kGrace = std::chrono::seconds(1);

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
    case ErrorKind::internal:
      break;
  }
  return kHostError;
}

Result<Module> load(const Host& host, const std::string& path) {
  if (path != "-") return host.load_file(path);
  std::vector<char> code;
  char block[65536];
  while (const std::size_t count = std::fread(block, 1, sizeof block, stdin))
    code.insert(code.end(), block, block + count);
  if (std::ferror(stdin) != 0) return error(ErrorKind::not_found, "cannot read the module from standard input");
  return host.load(std::as_bytes(std::span(code)), "standard input");
}

Result<int> load_and_run(const RunCommand& command) {
  const auto& timeout = command.instance.limits.timeout;
  auto host = Host::create({.interruptible = timeout.has_value()});
  if (!host) return std::unexpected(std::move(host.error()));
  auto module = load(*host, command.module);
  if (!module) return std::unexpected(std::move(module.error()));
  logger().debug("compiled {}{}", module->name(), module->imports_gpu() ? ", which imports wasi:gpu" : "");
  auto instance = Instance::create(*module, command.instance);
  if (!instance) return std::unexpected(std::move(instance.error()));

  std::optional<Watchdog> last_resort;
  if (timeout && *timeout < std::chrono::nanoseconds::max() - kGrace) {
    last_resort.emplace(*timeout + kGrace, [name = module->name()] {
      fmt::print(stderr, "wasmtime-gpu-host: error: {}: the timeout has passed, in a call that cannot be interrupted\n",
                 name);
      std::_Exit(kTrap);
    });
  }
  return instance->run();
}

}  // namespace

int run(const RunCommand& command) {
  const auto exit_code = load_and_run(command);
  if (exit_code) return *exit_code;
  fmt::print(stderr, "wasmtime-gpu-host: error: {}\n", exit_code.error().message);
  return exit_code_of(exit_code.error().kind);
}

}  // namespace gpu_host::cli
