#include "cli/settings.hpp"

#include <string_view>
#include <utility>

#include "cli/duration.hpp"
#include "cli/number.hpp"
#include "cli/size.hpp"

namespace gpu_host::cli {
namespace {

// Sets `target` to what could be parsed; false if nothing could.
template <class T>
bool set(T& target, const std::optional<T>& parsed) {
  if (parsed) target = *parsed;
  return parsed.has_value();
}
template <class T>
bool set(std::optional<T>& target, const std::optional<T>& parsed) {
  if (parsed) target = parsed;
  return parsed.has_value();
}

// One of several words.
template <class Target>
bool choose(Target& target, std::string_view word, std::initializer_list<std::pair<std::string_view, Target>> choices) {
  for (const auto& [name, value] : choices) {
    if (name != word) continue;
    target = value;
    return true;
  }
  return false;
}

// Of two for unknown imports the last counts; =n takes back its own kind only.
GroupOption unknown_imports(std::string key, std::string help, UnknownImports kind, UnknownImports& target) {
  return flag(std::move(key), std::move(help), [kind, &target](bool on) {
    if (on)
      target = kind;
    else if (target == kind)
      target = UnknownImports::refuse;
  });
}

OptionGroup wasm_group(HostOptions& host, InstanceOptions& instance) {
  Limits& limits = instance.limits;
  return {"-W",
          "Limits and imports of the module",
          {{"fuel", "N", "end the run after about this many WebAssembly instructions",
            [&](const std::string& value) {
              host.fuel = set(limits.fuel, parse_number<std::uint64_t>(value));
              return host.fuel;
            }},
           {"timeout", "TIME", "end the run after this time",
            [&](const std::string& value) {
              host.interruptible = set(limits.timeout, parse_duration(value));
              return host.interruptible;
            }},
           {"max-memory-size", "SIZE", "let its linear memory grow to this at most",
            [&](const std::string& value) { return set(limits.guest_memory, parse_size(value)); }},
           {"max-wasm-stack", "SIZE", "stack for its functions: 16K to 1G (default: 512K)",
            [&](const std::string& value) {
              return set(host.max_wasm_stack, parse_size(value)) && *host.max_wasm_stack >= kMinWasmStack &&
                     *host.max_wasm_stack <= kMaxWasmStack;
            }},
           unknown_imports("unknown-imports-trap", "unknown imports trap when they are called", UnknownImports::trap,
                           instance.unknown_imports),
           unknown_imports("unknown-imports-default", "unknown imports return zeros", UnknownImports::default_value,
                           instance.unknown_imports)}};
}

OptionGroup optimization_group(HostOptions& host) {
  return {"-O",
          "Compilation",
          {{"opt-level", "LEVEL", "0: none; 1, 2: speed (default); s: speed and size",
            [&](const std::string& value) {
              return choose(host.optimization, value,
                            {{"0", Optimization::none},
                             {"1", Optimization::speed},
                             {"2", Optimization::speed},
                             {"s", Optimization::speed_and_size}});
            }},
           flag("parallel", "compile on all cores (default: y)", [&](bool on) { host.parallel_compilation = on; })}};
}

OptionGroup cache_group(Settings& settings) {
  return {"-C",
          "Cache of compiled modules",
          {flag("cache", "keep compiled modules on disk (default: y, where that is possible)",
                [&](bool on) { settings.cache = on; }),
           {"cache-config", "PATH", "Wasmtime's cache configuration, a TOML file", [&](const std::string& value) {
              settings.host.cache_config = value;
              return !value.empty();
            }}}};
}

OptionGroup system_group(Settings& settings) {
  return {"-S",
          "WASI",
          {flag("inherit-env", "the guest sees all variables of this process (--env adds and replaces)",
                [&](bool on) { settings.inherit_env = on; }),
           flag("cwd", "the current folder is the guest's working folder, as with -d .",
                [&](bool on) { settings.working_folder = on; })}};
}

OptionGroup gpu_group(InstanceOptions& instance) {
  Limits& limits = instance.limits;
  return {"-G",
          "wasi:gpu",
          {{"max-memory", "SIZE", "memory of all buffers together (default: 3/4 of the GPU's, or of this machine's)",
            [&](const std::string& value) { return set(limits.gpu_memory, parse_size(value)); }},
           {"max-buffers", "N", "buffers at a time: up to 4294967295 (default: 262144)",
            [&](const std::string& value) { return set(limits.gpu_buffers, parse_number<std::uint32_t>(value)); }},
           {"timeout", "TIME", "end the run after this time of work on the device",
            [&](const std::string& value) { return set(limits.gpu_time, parse_duration(value)); }},
           {"precision", "tf32|fp32", "how matmul may round its inputs, where the device has a choice (default: tf32)",
            [&](const std::string& value) {
              return choose(instance.matmul_precision, value,
                            {{"tf32", MatmulPrecision::tf32}, {"fp32", MatmulPrecision::fp32}});
            }},
           {"threads", "N", "threads of the cpu backend: 1 to 4294967295 (default: all cores)",
            [&](const std::string& value) {
              return set(instance.cpu_threads, parse_number<std::uint32_t>(value)) && *instance.cpu_threads > 0;
            }},
           {"abi", "canonical|legacy", "legacy: for older C guests, results without error strings (default: canonical)",
            [&](const std::string& value) {
              return choose(instance.gpu_abi, value, {{"canonical", GpuAbi::canonical}, {"legacy", GpuAbi::legacy}});
            }}}};
}

}  // namespace

EngineSettings Settings::engine() const {
  EngineSettings engine{
      .options = host, .cache_required = cache.value_or(false) || (cache.value_or(true) && !host.cache_config.empty())};
  engine.options.cache = cache.value_or(true);
  if (!engine.options.cache) engine.options.cache_config.clear();
  return engine;
}

std::vector<OptionGroup> engine_groups(Settings& settings) {
  return {wasm_group(settings.host, settings.instance), optimization_group(settings.host), cache_group(settings)};
}

std::vector<OptionGroup> all_groups(Settings& settings) {
  std::vector<OptionGroup> groups = engine_groups(settings);
  groups.push_back(system_group(settings));
  groups.push_back(gpu_group(settings.instance));
  return groups;
}

}  // namespace gpu_host::cli
