// Wasmtime's C API with owners: what each _new gives is deleted once.
#pragma once

#include <wasi.h>
#include <wasmtime.h>

#include <memory>
#include <string>

namespace gpu_host {

template <auto function>
struct Deleter {
  void operator()(auto* object) const noexcept { function(object); }
};

using EnginePtr = std::unique_ptr<wasm_engine_t, Deleter<wasm_engine_delete>>;
using ErrorPtr = std::unique_ptr<wasmtime_error_t, Deleter<wasmtime_error_delete>>;
using FuncTypePtr = std::unique_ptr<wasm_functype_t, Deleter<wasm_functype_delete>>;
using InstancePrePtr = std::unique_ptr<wasmtime_instance_pre_t, Deleter<wasmtime_instance_pre_delete>>;
using LinkerPtr = std::unique_ptr<wasmtime_linker_t, Deleter<wasmtime_linker_delete>>;
using ModulePtr = std::unique_ptr<wasmtime_module_t, Deleter<wasmtime_module_delete>>;
using StorePtr = std::unique_ptr<wasmtime_store_t, Deleter<wasmtime_store_delete>>;
using TrapPtr = std::unique_ptr<wasm_trap_t, Deleter<wasm_trap_delete>>;
using WasiConfigPtr = std::unique_ptr<wasi_config_t, Deleter<wasi_config_delete>>;

// A vector of the C API, by value, deleted with the scope.
template <class Vector, auto delete_function>
struct OwnedVector {
  Vector vector{};
  OwnedVector() = default;
  OwnedVector(const OwnedVector&) = delete;
  OwnedVector& operator=(const OwnedVector&) = delete;
  ~OwnedVector() { delete_function(&vector); }
};
using ByteVector = OwnedVector<wasm_byte_vec_t, wasm_byte_vec_delete>;
using ExportTypes = OwnedVector<wasm_exporttype_vec_t, wasm_exporttype_vec_delete>;
using ImportTypes = OwnedVector<wasm_importtype_vec_t, wasm_importtype_vec_delete>;

[[nodiscard]] inline std::string to_string(const wasm_name_t& name) { return {name.data, name.size}; }

// The text of an error or trap, without what ends it (a NUL, line ends).
[[nodiscard]] inline std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\0' || text.back() == '\n')) text.pop_back();
  return text;
}

[[nodiscard]] inline std::string message_of(const wasmtime_error_t& error) {
  ByteVector text;
  wasmtime_error_message(&error, &text.vector);
  return trimmed(to_string(text.vector));
}

[[nodiscard]] inline std::string message_of(const wasm_trap_t& trap) {
  ByteVector text;
  wasm_trap_message(&trap, &text.vector);
  return trimmed(to_string(text.vector));
}

}  // namespace gpu_host
