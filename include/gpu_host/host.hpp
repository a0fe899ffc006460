// Runs WebAssembly modules with WASI preview 1 and wasi:gpu.
//
//   auto host = gpu_host::Host::create({});
//   auto module = host->load_file("module.wasm");
//   auto instance = gpu_host::Instance::create(*module, {.args = {"module.wasm"}});
//   auto exit_code = instance->run();
//
// Every call returns a Result; nothing prints, exits or throws, but for
// std::bad_alloc. A Host and its Modules may be used by many threads at a time,
// an Instance by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gpu_host/devices.hpp"
#include "gpu_host/limits.hpp"
#include "gpu_host/result.hpp"

namespace gpu_host {

// The version of this library, such as "0.1.0", and of the Wasmtime inside.
[[nodiscard]] std::string version();
[[nodiscard]] std::string wasmtime_version();

struct HostOptions {
  // Whether instances may have a timeout. Code that can be interrupted runs a
  // little slower.
  bool interruptible = false;
};

class Module;

// A compiler and the machine code it made. Cheap to copy; copies share it.
class Host {
 public:
  [[nodiscard]] static Result<Host> create(const HostOptions& options);

  // Compiles a module in the binary or the text format. `name` is what errors
  // call it. invalid_module says what is wrong and at which byte or line.
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

  struct Impl;

 private:
  friend class Host;
  friend class Instance;
  explicit Module(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// A folder of the host that the guest sees, to read and to write.
struct Preopen {
  std::filesystem::path host_path;
  std::string guest_path;
};

// How results of wasi:gpu are laid out. legacy is for older C guests that reserve
// only 8 bytes for a result: error strings are left out.
enum class GpuAbi : std::uint8_t { canonical, legacy };

// What becomes of imports that the host does not have.
enum class UnknownImports : std::uint8_t {
  refuse,         // a link error that names them
  trap,           // functions that trap when called
  default_value,  // functions that return zeros
};

// What one instance is given. Nothing else of the host is visible to it, but for
// clocks and random numbers.
struct InstanceOptions {
  std::vector<std::string> args = {};  // args[0] is the program's name; UTF-8
  std::vector<std::pair<std::string, std::string>> env = {};
  std::vector<Preopen> preopens = {};
  bool inherit_stdio = true;  // stdin, stdout, stderr of this process

  DeviceChoice device = {};
  GpuAbi gpu_abi = GpuAbi::canonical;
  UnknownImports unknown_imports = UnknownImports::refuse;
  Limits limits = {};
};

class Instance {
 public:
  // Checks the options and what the module imports. A backend or device that
  // `device` (or the environment) names is opened here if the module imports
  // wasi:gpu, and an error if that fails; else the best one is opened when the guest
  // first needs it.
  [[nodiscard]] static Result<Instance> create(const Module& module, const InstanceOptions& options);

  Instance(Instance&&) noexcept;
  Instance& operator=(Instance&&) noexcept;
  ~Instance();  // frees all its buffers

  // Instantiates the module and calls its _start. Returns the guest's exit code, or
  // a trap or limit error. An instance runs once.
  [[nodiscard]] Result<int> run();

  struct Impl;

 private:
  explicit Instance(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gpu_host
