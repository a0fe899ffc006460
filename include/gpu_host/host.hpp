// Compiles WebAssembly modules. What runs them is in instance.hpp:
//
//   auto host = gpu_host::Host::create({});
//   auto module = host->load_file("module.wasm");
//   auto instance = gpu_host::Instance::create(*module, {.args = {"module.wasm"}});
//   auto exit_code = instance->run();
//
// Every call returns a Result; nothing prints, exits or throws, but for
// std::bad_alloc. A Host and its Modules may be used by many threads at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gpu_host/result.hpp"

namespace gpu_host {

// The version of this library, such as "0.1.0", and of the Wasmtime inside.
[[nodiscard]] std::string version();
[[nodiscard]] std::string wasmtime_version();

enum class Optimization : std::uint8_t { none, speed, speed_and_size };

// Tells Linux's perf about the machine code. perfmap writes /tmp/perf-PID.map,
// jitdump jit-PID.dump into the working folder.
enum class Profiler : std::uint8_t { none, perfmap, jitdump };

// What the machine code is compiled for. A precompiled module runs only on a Host
// whose first three options are those it was compiled with.
struct HostOptions {
  // Whether instances may have a timeout, be interrupted, or be profiled, and whether
  // they may have a fuel limit. Code that can be stopped runs a little slower.
  bool interruptible = false;
  bool fuel = false;
  Optimization optimization = Optimization::speed;

  // Bytes of stack for WebAssembly code, kMinWasmStack to kMaxWasmStack. Empty:
  // 512 KiB, on the stack of the thread that calls, which should have 1 MiB; with a
  // value the guest runs on a thread made for it.
  std::optional<std::uint64_t> max_wasm_stack = {};

  // Compile functions on all cores.
  bool parallel_compilation = true;

  // Keep compiled modules on disk, in Wasmtime's cache for this user, or as the TOML
  // file says.
  bool cache = false;
  std::filesystem::path cache_config = {};

  Profiler profiler = Profiler::none;

  // Whether load() takes precompiled modules. They are machine code that is not
  // checked: allow only what you compiled yourself.
  bool allow_precompiled = false;
};

inline constexpr std::uint64_t kMinWasmStack = 16 << 10;
inline constexpr std::uint64_t kMaxWasmStack = 1 << 30;

class Module;

// A compiler and the machine code it made. Cheap to copy; copies share it.
class Host {
 public:
  // invalid_argument names an option that cannot be had.
  [[nodiscard]] static Result<Host> create(const HostOptions& options);

  // Compiles a module in the binary or the text format, or takes a precompiled one.
  // `name` is what errors call it. invalid_module says what is wrong and at which
  // byte or line. Compiling takes time and memory in proportion to the module.
  [[nodiscard]] Result<Module> load(std::span<const std::byte> code, const std::string& name) const;
  [[nodiscard]] Result<Module> load_file(const std::filesystem::path& path) const;

  struct Impl;

 private:
  explicit Host(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// A compiled module. Cheap to copy; copies share it. Keeps its Host's engine.
class Module {
 public:
  [[nodiscard]] const std::string& name() const;

  // Whether it imports anything of wasi:gpu.
  [[nodiscard]] bool imports_gpu() const;

  // The compiled module as bytes (a .cwasm file), for load() on a Host with
  // allow_precompiled, the same options, version and kind of CPU.
  [[nodiscard]] Result<std::vector<std::byte>> serialize() const;

  struct Impl;

 private:
  friend class Host;
  friend class Instance;
  explicit Module(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace gpu_host
