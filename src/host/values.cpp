#include "host/values.hpp"

#include <array>
#include <utility>

namespace gpu_host {
namespace {

Result<std::vector<Value>> zeros(const wasm_valtype_vec_t& types) {
  std::vector<Value> values;
  for (std::size_t i = 0; i < types.size; ++i) {
    switch (wasm_valtype_kind(types.data[i])) {
      case WASM_I32:
        values.emplace_back(std::int32_t{0});
        break;
      case WASM_I64:
        values.emplace_back(std::int64_t{0});
        break;
      case WASM_F32:
        values.emplace_back(0.0F);
        break;
      case WASM_F64:
        values.emplace_back(0.0);
        break;
      default:
        return error(ErrorKind::invalid_argument, "it takes or returns what is no number");
    }
  }
  return values;
}

}  // namespace

Result<Signature> signature_of(const wasm_functype_t& type) {
  auto parameters = zeros(*wasm_functype_params(&type));
  if (!parameters) return std::unexpected(std::move(parameters.error()));
  auto results = zeros(*wasm_functype_results(&type));
  if (!results) return std::unexpected(std::move(results.error()));
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
