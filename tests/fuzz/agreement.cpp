#include "fuzz/agreement.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "fuzz/check.hpp"

namespace gpu_host::fuzz {
namespace {

constexpr float kSmallest = std::numeric_limits<float>::min();
constexpr float kLargest = std::numeric_limits<float>::max();

std::vector<float> floats(std::span<const std::byte> bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

// The numbers that a kernel computes with.
std::vector<float> inputs(const Interpreter::KernelCall& call, const Model& before) {
  std::vector<float> all;
  const auto add = [&](std::size_t parameter, std::size_t first = 0, std::size_t step = 1) {
    const ModelBuffer* const buffer = before.find(low(call.values[parameter]));
    if (buffer == nullptr || !buffer->contents) return;
    const auto values = floats(*buffer->contents);
    for (std::size_t i = first; i < values.size(); i += step) all.push_back(values[i]);
  };
  switch (call.index) {
    case kernel_find_split:
      add(4);
      add(5);
      add(7);
      break;
    case kernel_average:
    case kernel_reduce:
      add(2);
      break;
    case kernel_matmul:
      all = {std::bit_cast<float>(low(call.values[5])), std::bit_cast<float>(low(call.values[6]))};
      add(7);
      add(8);
      if (all[1] != 0) add(9);  // else C is not read
      break;
    case kernel_elementwise:
      add(2);
      add(4);
      break;
    case kernel_batch_predict:
      add(4);
      add(5, 1, 4);  // of a node the threshold, or the leaf's value
      break;
    default:  // bootstrap-sample has none
      break;
  }
  return all;
}

bool is_subnormal(float x) { return std::fpclassify(x) == FP_SUBNORMAL; }

// How far apart two results that are no identical bits may be.
struct Allowance {
  double relative;
  double absolute;
};

// The contract's bounds are of sums of magnitudes, of products of two or of three numbers.
// Here the sum is taken as if all were as large as the largest, and the factor covers
// every kernel's, twice.
Allowance of_sum(std::span<const float> values, int factors) {
  double largest = 1;
  for (const float value : values) largest = std::max(largest, std::abs(static_cast<double>(value)));
  return {0, 1e-3 * static_cast<double>(values.size() + 1) * std::pow(largest, factors)};
}

Allowance allowance(const Interpreter::KernelCall& call, std::span<const float> values) {
  const std::uint32_t op = low(call.values[1]);
  switch (call.index) {
    case kernel_elementwise:
      if (op == 0 || op == 3 || op == 4) return {0, 0};
      return {2e-5, 2e-6};
    case kernel_reduce:
      if (op == 1 || op == 2) return {0, 0};
      return of_sum(values, op == 4 ? 2 : 1);
    case kernel_find_split:
      return of_sum(values, 2);
    case kernel_matmul:
      return of_sum(values, 3);
    case kernel_average:
    case kernel_batch_predict:
      return of_sum(values, 1);
    default:
      return {0, 0};
  }
}

bool close(float one, float other, const Allowance& allowed) {
  if (std::isnan(one) || std::isnan(other)) return std::isnan(one) && std::isnan(other);
  if (one == other) return true;
  const double larger = std::max(std::abs(static_cast<double>(one)), std::abs(static_cast<double>(other)));
  // Rounding decides which results are infinite, and any of these may be flushed to zero.
  if (std::isinf(one) || std::isinf(other)) {
    return allowed.relative > 0 && std::min(std::abs(one), std::abs(other)) > 0.99F * kLargest;
  }
  if (larger < kSmallest) return true;
  return std::abs(static_cast<double>(one) - other) <= allowed.relative * larger + allowed.absolute;
}

}  // namespace

bool has_subnormals(const Interpreter::KernelCall& call, const Model& before) {
  return std::ranges::any_of(inputs(call, before), is_subnormal);
}

void check_agreement(const Interpreter::KernelCall& call, const Model& before, std::span<const std::byte> one,
                     std::span<const std::byte> other) {
  if (std::ranges::equal(one, other)) return;
  if (has_subnormals(call, before)) return;
  const std::vector<float> values = inputs(call, before);
  const Allowance allowed = allowance(call, values);
  const bool is_sum = allowed.absolute > 0 && allowed.relative == 0;
  // In a sum that may overflow on the way the order decides.
  const auto is_finite = [](float value) { return std::isfinite(value); };
  if (is_sum && (allowed.absolute > 1e-3 * kLargest || !std::ranges::all_of(values, is_finite))) return;
  const auto results = floats(one);
  const auto other_results = floats(other);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(results[i]);
    const auto other_bits = std::bit_cast<std::uint32_t>(other_results[i]);
    if (bits == other_bits) continue;
    check(call.index != kernel_bootstrap_sample, "bootstrap-sample gave {} and {}", bits, other_bits);
    check(close(results[i], other_results[i], allowed), "{}: element {} is {} and {}", kFunctions[call.index].name, i,
          results[i], other_results[i]);
  }
  const std::size_t tail = results.size() * sizeof(float);
  check(std::ranges::equal(one.subspan(tail), other.subspan(tail)), "{} wrote behind its elements",
        kFunctions[call.index].name);
}

}  // namespace gpu_host::fuzz
