// What is behind Instance: shared by instance.cpp, which makes it, and
// instance_run.cpp, which runs it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gpu_host/instance.hpp"
#include "host/guest_profiler.hpp"
#include "host/host_impl.hpp"
#include "host/instance_state.hpp"
#include "host/wasmtime.hpp"

namespace gpu_host {

struct Instance::Impl {
  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { order_memories(); }

  std::shared_ptr<const Module::Impl> module;
  Limits limits;
  UnknownImports unknown_imports = UnknownImports::refuse;

  // The linker's functions point to the state, and what runs in the store calls
  // them: torn down in the opposite order.
  std::unique_ptr<InstanceState> state;
  std::optional<GuestProfiler> profiler;
  LinkerPtr linker;
  StorePtr store;

  std::optional<wasmtime_instance_t> instance;  // once instantiated
  bool ended = false;                           // it is never resumed
  std::chrono::nanoseconds time_left{};         // of limits.timeout

  [[nodiscard]] wasmtime_context_t* context() const { return wasmtime_store_context(store.get()); }
  [[nodiscard]] bool interruptible() const { return module->host->options.interruptible; }

  [[nodiscard]] Result<BufferId> share(const WrappedMemory& memory);
  [[nodiscard]] Error has_ended() const;

  // -- instance.cpp: before it runs
  [[nodiscard]] Result<void> check(const InstanceOptions& options) const;
  [[nodiscard]] Result<void> limit();
  [[nodiscard]] Result<void> define_imports();
  [[nodiscard]] std::vector<std::string> missing_imports() const;

  // -- instance_run.cpp: everything that lets the guest run goes through enter(),
  // which sees to limits of time and stack, and ends the instance after an error.
  [[nodiscard]] Result<void> enter(const std::function<Result<void>()>& guest);
  [[nodiscard]] Result<void> instantiate();
  [[nodiscard]] Result<void> initialize();
  [[nodiscard]] Result<std::vector<Value>> call(std::string_view function, const std::vector<Value>& results,
                                                std::span<const Value> arguments);
  // Why the guest ended: an exit is an error of the kind exit.
  [[nodiscard]] Error failure(ErrorPtr failed, TrapPtr trap) const;
};

}  // namespace gpu_host
