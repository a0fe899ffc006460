// The entry that libFuzzer calls for each input. WGH_FUZZ_BACKEND (environment) names a
// backend to try beside the cpu backend; without it, that one is tried alone.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "fuzz/run_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const char* const backend = std::getenv("WGH_FUZZ_BACKEND");
  const std::span input(data, size);
  if (backend == nullptr) {
    gpu_host::fuzz::run_input(input, "cpu");
  } else {
    gpu_host::fuzz::run_input(input, backend);
    gpu_host::fuzz::run_input_on_both(input, backend);
  }
  return 0;
}
