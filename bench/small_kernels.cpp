// Kernels over 1000 elements: what the way to them costs.
#include "call_loop.hpp"
#include "kernel_calls.hpp"

namespace gpu_host::bench {
namespace {

constexpr std::uint32_t kSize = 1000;

void add(std::vector<Comparison>& comparisons, const std::string& name, double limit, Call call) {
  comparisons.push_back({.name = name + "-1000",
                         .ours = name + " of 1000 elements, with the host call",
                         .reference = "",
                         .target = {TargetKind::time_at_most, limit},
                         .prepare =
                             [call = std::move(call)] {
                               const std::vector<SharedArray> arrays{random_floats(kSize, 0.1F, 2),
                                                                     random_floats(kSize, 1, 2), Array<float>(kSize)};
                               return Sides{call_loop(call, arrays), {}};
                             },
                         .batch = 1000});
}

}  // namespace

void add_small_kernels(std::vector<Comparison>& comparisons) {
  constexpr double kCheap = 2e-6;
  constexpr double kTranscendental = 4e-6;
  const auto one = [](Elementwise op) { return unary(op, kSize, 1, 3); };
  add(comparisons, "relu", kCheap, one(Elementwise::relu));
  add(comparisons, "add", kCheap, binary(Elementwise::add, kSize, 1, 2, 3));
  add(comparisons, "mul", kCheap, binary(Elementwise::mul, kSize, 1, 2, 3));
  add(comparisons, "sum", kCheap, sum(kSize, 1, 3));
  add(comparisons, "bootstrap", kCheap, {kMlKernels, "kernel-bootstrap-sample", {kSize, 42u, kSize, 3u}});
  add(comparisons, "exp", kTranscendental, one(Elementwise::exp));
  add(comparisons, "log", kTranscendental, one(Elementwise::log));
  add(comparisons, "tanh", kTranscendental, one(Elementwise::tanh));
  add(comparisons, "sigmoid", kTranscendental, one(Elementwise::sigmoid));
}

}  // namespace gpu_host::bench
