// What tests want of the native host calls beside the calls themselves.
#pragma once

#include <cstdint>

namespace wasi_gpu::native {

// Calls of the host by this process so far.
[[nodiscard]] std::uint64_t call_count();

// From now on the device grows no forests, or does again.
void refuse_forests(bool refuse);

}  // namespace wasi_gpu::native
