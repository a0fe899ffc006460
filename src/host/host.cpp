#include "gpu_host/host.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "backend/registry.hpp"
#include "host/host_impl.hpp"
#include "util/machine_memory.hpp"

namespace gpu_host {
namespace {

using ConfigPtr = std::unique_ptr<wasm_config_t, Deleter<wasm_config_delete>>;

wasmtime_opt_level_t opt_level_of(Optimization optimization) {
  switch (optimization) {
    case Optimization::none:
      return WASMTIME_OPT_LEVEL_NONE;
    case Optimization::speed:
      return WASMTIME_OPT_LEVEL_SPEED;
    case Optimization::speed_and_size:
      return WASMTIME_OPT_LEVEL_SPEED_AND_SIZE;
  }
  std::unreachable();
}

// Wasmtime ends the process for what it cannot have, so everything is checked here.
Result<void> set_stack(wasm_config_t& config, std::uint64_t size) {
  if (size < kMinWasmStack || size > kMaxWasmStack) {
    return invalid_argument(
        fmt::format("max_wasm_stack is {} bytes; it must be from {} to {}", size, kMinWasmStack, kMaxWasmStack));
  }
  wasmtime_config_max_wasm_stack_set(&config, static_cast<std::size_t>(size));
  // Not used by what is not async, yet it must not be smaller.
  wasmtime_config_async_stack_size_set(&config, static_cast<std::size_t>(size + kHostStack));
  return {};
}

Result<void> set_profiler(wasm_config_t& config, Profiler profiler) {
  if (profiler == Profiler::none) return {};
  const bool perfmap = profiler == Profiler::perfmap;
  const std::string path = perfmap ? fmt::format("/tmp/perf-{}.map", getpid()) : fmt::format("jit-{}.dump", getpid());
  if (!std::ofstream(path, std::ios::app)) return invalid_argument(fmt::format("the profiler cannot write '{}'", path));
  wasmtime_config_profiler_set(&config,
                               perfmap ? WASMTIME_PROFILING_STRATEGY_PERFMAP : WASMTIME_PROFILING_STRATEGY_JITDUMP);
  return {};
}

Result<void> set_cache(wasm_config_t& config, const HostOptions& options) {
  const std::string path = options.cache_config.string();
  if (!options.cache && path.empty()) return {};
  const ErrorPtr failed(wasmtime_config_cache_config_load(&config, path.empty() ? nullptr : path.c_str()));
  if (failed) return invalid_argument("the cache cannot be used: " + message_of(*failed));
  return {};
}

}  // namespace

std::string version() { return WGH_VERSION; }

std::string wasmtime_version() { return WASMTIME_VERSION; }

std::vector<DeviceEntry> list_devices() {
  std::vector<DeviceEntry> entries;
  for (Backend* backend : all_backends()) {
    for (DeviceEntry& entry : backend->devices()) {
      if (entry.info) backend->describe(entry);
      entries.push_back(std::move(entry));
    }
  }
  return entries;
}

Result<Host> Host::create(const HostOptions& options) {
  ConfigPtr config(wasm_config_new());
  wasmtime_config_epoch_interruption_set(config.get(), options.interruptible);
  wasmtime_config_consume_fuel_set(config.get(), options.fuel);
  wasmtime_config_cranelift_opt_level_set(config.get(), opt_level_of(options.optimization));
  wasmtime_config_parallel_compilation_set(config.get(), options.parallel_compilation);
  Result<void> set;
  if (options.max_wasm_stack) set = set_stack(*config, *options.max_wasm_stack);
  if (set) set = set_profiler(*config, options.profiler);
  if (set) set = set_cache(*config, options);
  if (!set) return std::unexpected(std::move(set.error()));

  EnginePtr engine(wasm_engine_new_with_config(config.release()));  // takes the config
  if (!engine) return error(ErrorKind::internal, "Wasmtime could not make an engine");
  return Host(std::make_shared<const Impl>(Impl{std::move(engine), options, machine_memory().available}));
}

}  // namespace gpu_host
