// replay FOLDER…: gives the files in the folders to the fuzzer's target, without
// libFuzzer. So every compiler and sanitizer runs the corpus.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
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
