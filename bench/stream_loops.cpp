// Compiled for this machine, with sums in any order (CMakeLists.txt).
#include "stream_loops.hpp"

#include <algorithm>
#include <thread>
#include <vector>

namespace gpu_host::bench {
namespace {

// body(begin, end, number of the part) on as many threads as there are cores.
template <class Body>
void on_all_cores(std::size_t size, const Body& body) {
  const std::size_t parts = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::jthread> others;
  for (std::size_t part = 1; part < parts; ++part) {
    others.emplace_back([&body, size, parts, part] { body(size * part / parts, size * (part + 1) / parts, part); });
  }
  body(std::size_t{0}, size / parts, std::size_t{0});
}

}  // namespace

void stream_relu(const float* input, float* output, std::size_t size) {
  on_all_cores(size, [=](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = begin; i < end; ++i) output[i] = input[i] > 0 ? input[i] : 0;
  });
}

void stream_add(const float* a, const float* b, float* output, std::size_t size) {
  on_all_cores(size, [=](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = begin; i < end; ++i) output[i] = a[i] + b[i];
  });
}

float stream_sum(const float* input, std::size_t size) {
  std::vector<float> sums(std::max(1u, std::thread::hardware_concurrency()));
  on_all_cores(size, [&sums, input](std::size_t begin, std::size_t end, std::size_t part) {
    float sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += input[i];
    sums[part] = sum;
  });
  float sum = 0;
  for (const float part : sums) sum += part;
  return sum;
}

}  // namespace gpu_host::bench
