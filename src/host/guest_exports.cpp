#include "host/guest_exports.hpp"

#include <array>
#include <atomic>
#include <string_view>
#include <utility>

#include "host/values.hpp"

namespace gpu_host {
namespace {

std::optional<wasmtime_extern_t> find_export(wasmtime_caller_t* caller, std::string_view name,
                                             wasmtime_extern_kind_t kind) {
  wasmtime_extern_t item;
  if (!wasmtime_caller_export_get(caller, name.data(), name.size(), &item)) return std::nullopt;
  if (item.kind == kind) return item;
  wasmtime_extern_delete(&item);
  return std::nullopt;
}

bool all_i32(const wasm_valtype_vec_t& types, std::size_t count) {
  if (types.size != count) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (zero_of(*types.data[i]) != Value(std::int32_t{0})) return false;
  }
  return true;
}

bool is_realloc(wasmtime_context_t* context, const wasmtime_func_t& function) {
  const FuncTypePtr type(wasmtime_func_type(context, &function));
  return all_i32(*wasm_functype_params(type.get()), 4) && all_i32(*wasm_functype_results(type.get()), 1);
}

}  // namespace

void order_memories() noexcept {
  static std::atomic<std::uint32_t> memories;
  memories.fetch_add(1, std::memory_order_acq_rel);
}

void GuestExports::look_up(wasmtime_caller_t* caller) {
  order_memories();
  context_ = wasmtime_caller_context(caller);
  if (const auto item = find_export(caller, "memory", WASMTIME_EXTERN_MEMORY)) memory_ = item->of.memory;
  if (const auto item = find_export(caller, "cabi_realloc", WASMTIME_EXTERN_FUNC)) {
    allocator_ = item->of.func;
    allocator_has_wrong_type_ = !is_realloc(context_, *allocator_);
  }
}

std::span<std::byte> GuestExports::memory() {
  if (!memory_) return {};
  return {reinterpret_cast<std::byte*>(wasmtime_memory_data(context_, &*memory_)),
          wasmtime_memory_data_size(context_, &*memory_)};
}

std::expected<std::uint32_t, abi::Trap> GuestExports::allocate(std::uint32_t align, std::uint32_t size) {
  if (!allocator_) return std::unexpected(abi::Trap{"the module exports no cabi_realloc"});
  if (allocator_has_wrong_type_) {
    return std::unexpected(
        abi::Trap{"cabi_realloc must take four i32 (old, old_size, align, new_size) and return an i32"});
  }
  std::array<wasmtime_val_raw_t, 4> values{};
  values[2].i32 = static_cast<std::int32_t>(align);
  values[3].i32 = static_cast<std::int32_t>(size);
  wasm_trap_t* trap = nullptr;
  allocating_ = true;
  const ErrorPtr failed(wasmtime_func_call_unchecked(context_, &*allocator_, values.data(), values.size(), &trap));
  allocating_ = false;
  if (failed) {
    failed_ = true;
    int status = 0;
    if (wasmtime_error_exit_status(failed.get(), &status)) exit_status_ = status;
    return std::unexpected(abi::Trap{"cabi_realloc failed: " + message_of(*failed)});
  }
  if (trap != nullptr) {
    trap_.reset(trap);
    return std::unexpected(abi::Trap{"cabi_realloc trapped"});
  }
  return static_cast<std::uint32_t>(values[0].i32);
}

}  // namespace gpu_host
