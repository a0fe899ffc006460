// What the host calls of one instance work on.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "abi/contract.hpp"
#include "gpu_host/instance.hpp"
#include "host/guest_exports.hpp"
#include "host/wasmtime.hpp"
#include "util/log.hpp"
#include "wasi_gpu/session.hpp"

namespace gpu_host {

class InstanceState {
 public:
  // `available_memory`: bytes of this machine's, when the host was made.
  InstanceState(Session::DeviceSource source, const InstanceOptions& options, std::uint64_t available_memory);
  InstanceState(const InstanceState&) = delete;
  InstanceState& operator=(const InstanceState&) = delete;

  // Defines functions of wasi:gpu; the linker's functions point to this state.
  [[nodiscard]] Result<void> define_imports(wasmtime_linker_t& linker,
                                            std::span<const abi::ContractFunction* const> functions);

  [[nodiscard]] Session& session() { return session_; }

  // How a run that Wasmtime ended with an error really ended: a trap that a host
  // call made comes back as an error, and an exit from cabi_realloc as a trap.
  [[nodiscard]] bool trapped() const { return trapped_; }
  [[nodiscard]] std::optional<int> exit_status() const { return guest_.exit_status(); }

 private:
  // What a linker's function points to.
  struct Binding {
    InstanceState* state;
    const abi::ContractFunction* function;
  };
  static wasm_trap_t* call(void* binding, wasmtime_caller_t* caller, wasmtime_val_raw_t* values, size_t count) noexcept;
  struct Outcome {
    wasm_trap_t* trap;  // owned by whoever takes it
    bool succeeded;     // the guest got what it asked for
  };
  Outcome dispatch(const abi::ContractFunction& function, wasmtime_caller_t* caller,
                   std::span<const abi::FlatValue> values);
  // The same, and the observers are told.
  wasm_trap_t* observed(const abi::ContractFunction& function, wasmtime_caller_t* caller,
                        std::span<const abi::FlatValue> values);
  wasm_trap_t* make_trap(const abi::ContractFunction& function, std::string_view message);
  wasm_trap_t* new_trap(std::string_view text) noexcept;  // allocates nothing here

  Session session_;
  GuestExports guest_;
  spdlog::logger& log_ = logger();
  abi::Encoding encoding_;
  std::vector<Binding> bindings_;
  bool trapped_ = false;
};

}  // namespace gpu_host
