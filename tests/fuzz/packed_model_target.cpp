// The entry that libFuzzer calls for each input, of packed models: a byte, and what may be one. Where the byte is no
// multiple of 16, its first 32 bytes are made right.
#include <cstddef>
#include <cstdint>
#include <span>

#include "fuzz/packed_model_run.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gpu_host::fuzz::run_packed_model(std::span(data, size));
  return 0;
}
