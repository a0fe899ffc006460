// Values and types of functions, between C++ and Wasmtime.
#pragma once

#include <string_view>
#include <vector>

#include "gpu_host/instance.hpp"
#include "gpu_host/result.hpp"
#include "host/wasmtime.hpp"

namespace gpu_host {

// The parameters and results of a function, as values that are 0.
struct Signature {
  std::vector<Value> parameters;
  std::vector<Value> results;
};

// invalid_argument where a type is no number.
[[nodiscard]] Result<Signature> signature_of(const wasm_functype_t& type);

// The name of a value's type: i32, i64, f32, f64.
[[nodiscard]] std::string_view type_name(const Value& value);

[[nodiscard]] wasmtime_val_t to_wasmtime(const Value& value);
// `value` is a number.
[[nodiscard]] Value from_wasmtime(const wasmtime_val_t& value);

}  // namespace gpu_host
