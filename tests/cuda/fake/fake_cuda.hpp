// What a test can ask of the fake driver: it finds fake_cuda_control() in the library that is
// open as libcuda.so.1. Programs are given the same by environment variables (control.cpp).
#pragma once

#include <cuda.h>
#include <dlfcn.h>

#include <cstdint>

namespace fake_cuda {

struct Settings {
  std::uint64_t memory = std::uint64_t{1} << 30;  // bytes of a device
  std::uint32_t devices = 1;
  std::int32_t driver_version = 12040;
  CUresult init = CUDA_SUCCESS;   // what cuInit returns
  std::uint32_t capability = 90;  // 80: 8.0
  std::uint32_t compute_mode = CU_COMPUTEMODE_DEFAULT;
  std::uint32_t pools = 1;  // whether there are memory pools
  std::uint32_t slow = 0;   // queries that each operation lets pass before it runs
};

// What was made and not given back yet.
struct Live {
  std::uint64_t contexts, modules, pools, streams, events, pinned, allocations, bytes;
  std::uint64_t misuses;  // calls so far with what was never made or is gone already, or without a context
};

struct Control {
  const Settings& (*settings)();
  void (*configure)(const Settings& settings);
  // The function of this name (without `cu`, with _v2; or cublasCreate, curandCreateGenerator) fails at its nth call
  // from now, and from then on if `for_good`.
  void (*fail)(const char* function, CUresult error, std::uint32_t nth, bool for_good);
  // The nth launch from now, when it runs, fails as an illegal address does: its context is lost, and if
  // `device_is_lost`, no other can be made on its device.
  void (*fault)(std::uint32_t nth, bool device_is_lost);
  void (*heal)();  // as when the library was opened, but for what is live
  Live (*live)();
};

// Null: the real driver is open, or none.
inline const Control* control() {
  void* const library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) return nullptr;
  void* const function = dlsym(library, "fake_cuda_control");
  (void)dlclose(library);
  return function == nullptr ? nullptr : reinterpret_cast<const Control* (*)()>(function)();
}

}  // namespace fake_cuda
