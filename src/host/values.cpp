#include "host/values.hpp"

#include <wasmtime/types/val.h>

#include <array>
#include <memory>
#include <span>
#include <utility>

namespace gpu_host {
namespace {

using ValueTypePtr = std::unique_ptr<wasm_valtype_t, Deleter<wasm_valtype_delete>>;

std::optional<std::vector<Value>> zeros(const wasm_valtype_vec_t& types) {
  std::vector<Value> values;
  for (const wasm_valtype_t* type : std::span(types.data, types.size)) {
    const auto zero = zero_of(*type);
    if (!zero) return std::nullopt;
    values.push_back(*zero);
  }
  return values;
}

}  // namespace

std::optional<Value> zero_of(const wasm_valtype_t& type) {
  static const std::array<std::pair<ValueTypePtr, Value>, 4> numbers{{
      {ValueTypePtr(wasm_valtype_new(WASM_I32)), std::int32_t{0}},
      {ValueTypePtr(wasm_valtype_new(WASM_I64)), std::int64_t{0}},
      {ValueTypePtr(wasm_valtype_new(WASM_F32)), 0.0F},
      {ValueTypePtr(wasm_valtype_new(WASM_F64)), 0.0},
  }};
  for (const auto& [number, zero] : numbers) {
    if (wasmtime_wasm_valtype_equal(&type, number.get())) return zero;
  }
  return std::nullopt;
}

std::optional<Signature> signature_of(const wasm_functype_t& type) {
  auto parameters = zeros(*wasm_functype_params(&type));
  auto results = zeros(*wasm_functype_results(&type));
  if (!parameters || !results) return std::nullopt;
  return Signature{*std::move(parameters), *std::move(results)};
}

std::string_view type_name(const Value& value) {
  static constexpr std::array<std::string_view, std::variant_size_v<Value>> kNames{"i32", "i64", "f32", "f64"};
  return kNames[value.index()];
}

wasmtime_val_t to_wasmtime(const Value& value) {
  wasmtime_val_t converted{};
  if (const auto* i32 = std::get_if<std::int32_t>(&value)) {
    converted.kind = WASMTIME_I32;
    converted.of.i32 = *i32;
  } else if (const auto* i64 = std::get_if<std::int64_t>(&value)) {
    converted.kind = WASMTIME_I64;
    converted.of.i64 = *i64;
  } else if (const auto* f32 = std::get_if<float>(&value)) {
    converted.kind = WASMTIME_F32;
    converted.of.f32 = *f32;
  } else {
    converted.kind = WASMTIME_F64;
    converted.of.f64 = std::get<double>(value);
  }
  return converted;
}

Value from_wasmtime(const wasmtime_val_t& value) {
  switch (value.kind) {
    case WASMTIME_I32:
      return value.of.i32;
    case WASMTIME_I64:
      return value.of.i64;
    case WASMTIME_F32:
      return value.of.f32;
    default:
      return value.of.f64;
  }
}

}  // namespace gpu_host
