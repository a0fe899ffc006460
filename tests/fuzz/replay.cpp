// replay FOLDER…: gives the files in the folders to the fuzzer's target, without
// libFuzzer. So every compiler and sanitizer runs the corpus. Exit code 77: the backend
// that WGH_FUZZ_BACKEND names cannot be used, and WGH_REQUIRE_BACKENDS does not have it.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <vector>

#include "common/backends.hpp"
#include "common/require_backend.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  if (const char* const backend = std::getenv("WGH_FUZZ_BACKEND")) {
    const auto& [device, reason] = gpu_host::test::usable_device(backend);
    if (device == nullptr) {
      fmt::print("{}: {}\n", backend, reason);
      return gpu_host::test::is_required(backend) ? 1 : 77;
    }
  }
  std::size_t files = 0;
  for (const char* folder : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::vector<char> input{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
      fmt::print("{}\n", entry.path().filename().string());  // the last one is what fails
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
      ++files;
    }
  }
  fmt::print("{} inputs hold\n", files);
  return files > 0 ? 0 : 1;
}
