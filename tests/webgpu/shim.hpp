// What the shim (shim.cpp) counted.
#pragma once

#include <wgpu.h>

#include <atomic>

namespace gpu_host::webgpu {

struct ShimCounts {
  std::atomic<int> submissions;
  std::atomic<int> maps;
};

}  // namespace gpu_host::webgpu

extern "C" {
// Exported by the shim.
const gpu_host::webgpu::ShimCounts* wgh_shim_counts();
}
