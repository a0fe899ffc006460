// Runs a module: WASI preview 1, wasi:gpu, and the limits on both.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gpu_host/devices.hpp"
#include "gpu_host/host.hpp"
#include "gpu_host/limits.hpp"
#include "gpu_host/observer.hpp"
#include "gpu_host/result.hpp"

namespace gpu_host {

// A folder of the host that the guest sees, to read and to write.
struct Preopen {
  std::filesystem::path host_path;
  std::string guest_path;
};

// How results of wasi:gpu 0.1.0 are laid out. legacy is for older C guests that reserve
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
  // Where they are not inherited: what the guest reads, and who is given what it writes, from the thread that runs it
  // (empty: nobody).
  std::string standard_input = {};
  std::function<void(std::string_view)> standard_output = {};
  std::function<void(std::string_view)> standard_error = {};

  DeviceChoice device = {};
  GpuAbi gpu_abi = GpuAbi::canonical;
  MatmulPrecision matmul_precision = MatmulPrecision::tf32;
  // Threads that kernels of the cpu backend use at a time, 1 or more. Empty: all cores.
  std::optional<std::uint32_t> cpu_threads = {};
  UnknownImports unknown_imports = UnknownImports::refuse;
  Limits limits = {};

  // Told of every call of wasi:gpu. With observers or Limits::gpu_time the host waits
  // for the device after each piece of work, to time it.
  std::vector<std::shared_ptr<Observer>> observers = {};

  // How often the guest's stack is sampled, for Instance::guest_profile. Needs
  // HostOptions::interruptible.
  std::optional<std::chrono::nanoseconds> profile_interval = {};
};

// A parameter or result of a function: i32, i64, f32 or f64.
using Value = std::variant<std::int32_t, std::int64_t, float, double>;

// The name of a value's type: i32, i64, f32, f64.
[[nodiscard]] std::string_view type_name(const Value& value);

// A module with memory of its own. For one thread at a time, but for interrupt(). It
// has ended after run(), and when the guest exits, traps or meets a limit of time or
// fuel: from then on run(), call() and share() are errors. Buffers can still be read
// (but after an interrupt) and are freed with the instance. One that was moved from can
// only be assigned to or destroyed.
class Instance {
 public:
  // Checks the options and what the module imports. A backend or device that
  // `device` (or the environment) names is opened here if the module imports
  // wasi:gpu, and an error if that fails; else the best one is opened when the guest
  // first needs it.
  [[nodiscard]] static Result<Instance> create(const Module& module, const InstanceOptions& options);

  Instance(Instance&&) noexcept;
  Instance& operator=(Instance&&) noexcept;
  ~Instance();  // waits for its device, frees all its buffers

  // Runs a command: instantiates the module and calls its _start. Returns the guest's
  // exit code, or a trap or limit error. Once, and not after call().
  [[nodiscard]] Result<int> run();

  // Calls an exported function. The first call instantiates the module and calls its
  // _initialize, if it has one. not_found where there is no such function,
  // invalid_argument where the arguments are not its parameters' types; exit where
  // the guest called proc_exit, with the code in the message.
  [[nodiscard]] Result<std::vector<Value>> call(std::string_view function, std::span<const Value> arguments = {});

  // The types of an exported function as values that are 0: what call() takes.
  [[nodiscard]] Result<std::vector<Value>> parameters(std::string_view function) const;

  // Hands an array to the guest as a buffer; the guest needs its id. The cpu backend uses
  // it in place; webgpu copies it, so that what is written to it later need not reach the
  // guest. What the guest writes is in it when run() or call() returns, at the latest. It
  // is not counted in the quota of bytes. It must stay where it is, and nobody else may
  // write it while the guest runs, until the guest destroys the buffer or the instance is
  // released or gone; arrays that the guest may write must overlap no other; `owner`, if given, is kept until then.
  // A guest that uses a read-only one as an output gets invalid-params.
  [[nodiscard]] Result<BufferId> share(std::span<std::byte> array, std::shared_ptr<const void> owner = {});
  [[nodiscard]] Result<BufferId> share_read_only(std::span<const std::byte> array,
                                                 std::shared_ptr<const void> owner = {});

  // Frees a buffer of the instance, shared or the guest's own: its id means nothing any more.
  [[nodiscard]] Result<void> release(BufferId buffer);

  // Waits for all work and copies from a buffer of the instance.
  [[nodiscard]] Result<void> read_buffer(BufferId buffer, std::uint64_t offset, std::span<std::byte> destination);

  // Ends the instance as a timeout does. From any thread, at any time before it is
  // destroyed. Needs HostOptions::interruptible; else only kernels and host calls end.
  void interrupt() noexcept;

  // After it ran: where it spent its time, in the format of Firefox's profiler (JSON).
  [[nodiscard]] Result<std::string> guest_profile();

  struct Impl;

 private:
  explicit Instance(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gpu_host
