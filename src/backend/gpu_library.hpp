// Calls of GPU libraries that end the process, with SIGABRT, where they should return an error.
#pragma once

namespace gpu_host {

// While it lives, is_in_gpu_library() (gpu_host/devices.hpp) is true on its thread.
class InGpuLibrary {
 public:
  InGpuLibrary() noexcept;
  InGpuLibrary(const InGpuLibrary&) = delete;
  InGpuLibrary& operator=(const InGpuLibrary&) = delete;
  ~InGpuLibrary();
};

}  // namespace gpu_host
