// Types that kernels and the host share: NVRTC has no standard headers.
#pragma once

namespace gpu_host::cuda {

// NOLINTBEGIN(readability-identifier-naming): as short as in shaders.
using u32 = unsigned int;
using u64 = unsigned long long;
using i32 = int;
// NOLINTEND(readability-identifier-naming)

}  // namespace gpu_host::cuda
