// The entry that libFuzzer calls for each input, of sequences of the forest's calls.
#include <cstddef>
#include <cstdint>
#include <span>

#include "fuzz/forest_run.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gpu_host::fuzz::run_forest(std::span(data, size));
  return 0;
}
