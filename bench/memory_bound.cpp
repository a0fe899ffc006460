// Kernels over 64 MB, which memory bounds, against plain loops on the same arrays.
#include <cmath>
#include <stdexcept>

#include "call_loop.hpp"
#include "kernel_calls.hpp"
#include "stream_loops.hpp"

namespace gpu_host::bench {
namespace {

constexpr std::uint32_t kSize = (64 << 20) / sizeof(float);

template <class Body>
Operation repeat(Body body) {
  return [body](std::int64_t count) {
    return seconds_of([&] {
      for (std::int64_t i = 0; i < count; ++i) body();
    });
  };
}

// Both sides have the same result, in `ours` and `reference`, within a relative difference.
Sides checked(Sides sides, const Array<float>& ours, const Array<float>& reference, float tolerance) {
  sides.ours(1);
  sides.reference(1);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (std::abs(ours[i] - reference[i]) > tolerance * std::abs(reference[i])) {
      throw std::runtime_error("the two sides have different results");
    }
  }
  return sides;
}

Sides relu_sides() {
  const auto in = random_floats(kSize, -1, 1);
  const Array<float> out(kSize);
  const Array<float> expected(kSize);
  return checked({call_loop(unary(Elementwise::relu, kSize, 1, 2), {in, out}),
                  repeat([=] { stream_relu(in.data(), expected.data(), kSize); })},
                 out, expected, 0);
}

Sides add_sides() {
  const auto a = random_floats(kSize, -1, 1);
  const auto b = random_floats(kSize, 1, 2);
  const Array<float> out(kSize);
  const Array<float> expected(kSize);
  return checked({call_loop(binary(Elementwise::add, kSize, 1, 2, 3), {a, b, out}),
                  repeat([=] { stream_add(a.data(), b.data(), expected.data(), kSize); })},
                 out, expected, 0);
}

Sides sum_sides() {
  const auto in = random_floats(kSize, 0, 1);
  const Array<float> out(1);
  const Array<float> expected(1);
  return checked({call_loop(sum(kSize, 1, 2), {in, out}), repeat([=] { expected[0] = stream_sum(in.data(), kSize); })},
                 out, expected, 1e-4F);
}

void add(std::vector<Comparison>& comparisons, const std::string& name, std::function<Sides()> prepare) {
  comparisons.push_back({.name = name + "-64M",
                         .ours = name + " over 64 MB",
                         .reference = "a plain loop on the same arrays, on all cores",
                         .target = {TargetKind::speed_at_least, 0.8},
                         .prepare = std::move(prepare)});
}

}  // namespace

void add_memory_bound(std::vector<Comparison>& comparisons) {
  add(comparisons, "relu", &relu_sides);
  add(comparisons, "add", &add_sides);
  add(comparisons, "sum", &sum_sides);
}

}  // namespace gpu_host::bench
