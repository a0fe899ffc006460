#include "backend/gpu_library.hpp"

#include <csignal>

#include "gpu_host/devices.hpp"

namespace gpu_host {
namespace {

thread_local volatile std::sig_atomic_t calls = 0;

}  // namespace

InGpuLibrary::InGpuLibrary() noexcept { calls = calls + 1; }
InGpuLibrary::~InGpuLibrary() { calls = calls - 1; }

bool is_in_gpu_library() noexcept { return calls > 0; }

}  // namespace gpu_host
