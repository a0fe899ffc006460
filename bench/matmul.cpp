// matmul through the sandbox, against OpenBLAS called directly.
#include <memory>
#include <string>

#include "call_loop.hpp"
#include "process.hpp"

namespace gpu_host::bench {
namespace {

Sides matmul_sides(std::uint32_t size) {
  const std::size_t elements = std::size_t{size} * size;
  const Call matmul{kMlKernels, "kernel-matmul", {size, size, size, 0u, 0u, 1.0F, 0.0F, 1u, 2u, 3u}};
  auto peer = std::make_shared<Process>(std::vector<std::string>{WGH_OPENBLAS_PEER, std::to_string(size)});
  return {
      call_loop(matmul, {random_floats(elements, -1, 1), random_floats(elements, -1, 1), Array<float>(elements)}),
      [peer = std::move(peer)](std::int64_t count) { return std::stod(peer->ask(std::to_string(count))); },
  };
}

}  // namespace

void add_matmul(std::vector<Comparison>& comparisons) {
  for (const std::uint32_t size : {256u, 1024u, 2048u}) {
    const std::string text = std::to_string(size);
    comparisons.push_back({.name = "matmul-" + text,
                           .ours = "matmul of " + text + " × " + text,
                           .reference = "OpenBLAS called directly, with its own default of threads",
                           .target = {TargetKind::speed_at_least, 0.95},
                           .prepare = [size] { return matmul_sides(size); },
                           // OpenBLAS's threads spin a while when there is nothing to do.
                           .pause = std::chrono::milliseconds(100)});
  }
}

}  // namespace gpu_host::bench
