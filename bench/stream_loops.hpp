// Plain loops over arrays on all cores, as STREAM has them.
#pragma once

#include <cstddef>

namespace gpu_host::bench {

void stream_relu(const float* input, float* output, std::size_t size);
void stream_add(const float* a, const float* b, float* output, std::size_t size);
[[nodiscard]] float stream_sum(const float* input, std::size_t size);

}  // namespace gpu_host::bench
