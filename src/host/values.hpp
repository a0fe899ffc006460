// Values and types of functions, between C++ and Wasmtime.
#pragma once

#include <optional>
#include <vector>

#include "gpu_host/instance.hpp"
#include "host/wasmtime.hpp"

namespace gpu_host {

// The parameters and results of a function, as values that are 0.
struct Signature {
  std::vector<Value> parameters;
  std::vector<Value> results;
};

// Nothing where a type is no number. Safe for any type of a guest, for most of which
// wasm_valtype_kind would end the process.
[[nodiscard]] std::optional<Value> zero_of(const wasm_valtype_t& type);
[[nodiscard]] std::optional<Signature> signature_of(const wasm_functype_t& type);

[[nodiscard]] wasmtime_val_t to_wasmtime(const Value& value);
// `value` is a number.
[[nodiscard]] Value from_wasmtime(const wasmtime_val_t& value);

}  // namespace gpu_host
