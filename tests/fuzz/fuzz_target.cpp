// The entry that libFuzzer calls for each input.
#include <cstddef>
#include <cstdint>
#include <span>

#include "fuzz/run_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gpu_host::fuzz::run_input(std::span(data, size), "cpu");
  return 0;
}
