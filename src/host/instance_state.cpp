#include "host/instance_state.hpp"

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <utility>

#include "util/log.hpp"

namespace gpu_host {
namespace {

using Clock = std::chrono::steady_clock;

static_assert(sizeof(abi::FlatValue) == sizeof(wasmtime_val_raw_t));

wasm_valkind_t kind_of(abi::CoreType type) {
  switch (type) {
    case abi::CoreType::i32:
      return WASM_I32;
    case abi::CoreType::i64:
      return WASM_I64;
    case abi::CoreType::f32:
      return WASM_F32;
    case abi::CoreType::f64:
      return WASM_F64;
  }
  std::unreachable();
}

FuncTypePtr function_type(std::span<const abi::CoreType> parameters) {
  wasm_valtype_vec_t types;
  wasm_valtype_vec_new_uninitialized(&types, parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) types.data[i] = wasm_valtype_new(kind_of(parameters[i]));
  wasm_valtype_vec_t no_results;
  wasm_valtype_vec_new_empty(&no_results);
  return FuncTypePtr(wasm_functype_new(&types, &no_results));  // takes both
}

}  // namespace

InstanceState::InstanceState(Session::DeviceSource source, const InstanceOptions& options,
                             std::uint64_t available_memory)
    : session_(std::move(source), options.limits,
               {.available_memory = available_memory,
                .threads = options.cpu_threads,
                .precision = options.matmul_precision,
                .observers = options.observers}),
      encoding_(options.gpu_abi == GpuAbi::legacy ? abi::Encoding::legacy : abi::Encoding::canonical) {}

Result<void> InstanceState::define_imports(wasmtime_linker_t& linker,
                                           std::span<const abi::ContractFunction* const> functions) {
  bindings_.reserve(functions.size());  // the linker keeps their addresses
  for (const abi::ContractFunction* function : functions) {
    bindings_.push_back({this, function});
    const ErrorPtr failed(wasmtime_linker_define_func_unchecked(
        &linker, function->interface.data(), function->interface.size(), function->name.data(), function->name.size(),
        function_type(function->parameters).get(), &InstanceState::call, &bindings_.back(), nullptr));
    if (failed) return error(ErrorKind::internal, message_of(*failed));
  }
  return {};
}

wasm_trap_t* InstanceState::call(void* binding, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                                 size_t count) noexcept {
  const auto& [state, function] = *static_cast<const Binding*>(binding);
  try {
    const std::span arguments(reinterpret_cast<const abi::FlatValue*>(values), count);
    if (!state->session_.observers().empty()) return state->observed(*function, caller, arguments);
    return state->dispatch(*function, caller, arguments).trap;
  } catch (const std::exception& failure) {
    return state->new_trap(failure.what());
  } catch (...) {
    return state->new_trap("the host failed");
  }
}

wasm_trap_t* InstanceState::observed(const abi::ContractFunction& function, wasmtime_caller_t* caller,
                                     std::span<const abi::FlatValue> values) {
  HostCall call{
      .interface = function.interface, .function = function.name, .begin = Clock::now(), .end = {}, .failed = false};
  const Outcome outcome = dispatch(function, caller, values);
  TrapPtr trap(outcome.trap);
  call.end = Clock::now();
  call.failed = !outcome.succeeded;
  for (const auto& observer : session_.observers()) observer->on_host_call(call);
  return trap.release();
}

InstanceState::Outcome InstanceState::dispatch(const abi::ContractFunction& function, wasmtime_caller_t* caller,
                                               std::span<const abi::FlatValue> values) {
  guest_.enter(caller);
  if (guest_.allocating()) return {make_trap(function, "called from inside cabi_realloc"), false};
  // Asked before: spdlog would first look at its backtracer, in another library.
  if (log_.should_log(spdlog::level::trace)) log_.trace("{}", function.name);
  abi::Call call(guest_, function.may_be_legacy ? encoding_ : abi::Encoding::canonical, function.name);
  const bool succeeded = function.invoke(session_, call, values);
  if (TrapPtr nested = guest_.take_trap()) return {nested.release(), false};
  if (const auto& trap = call.trap()) return {make_trap(function, trap->message), false};
  // Where there was no memory to say so.
  if (guest_.failed()) return {make_trap(function, "cabi_realloc failed"), false};
  if (session_.interrupt().requested()) return {make_trap(function, "interrupted"), false};
  return {nullptr, succeeded};
}

wasm_trap_t* InstanceState::make_trap(const abi::ContractFunction& function, std::string_view message) {
  return new_trap(fmt::format("{}: {}", function.name, message));
}

wasm_trap_t* InstanceState::new_trap(std::string_view text) noexcept {
  trapped_ = true;
  return wasmtime_trap_new(text.data(), text.size());
}

}  // namespace gpu_host
