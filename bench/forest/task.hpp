// What train_forest.cpp and native.cpp share: the task that run.py gives them, and how they tell the time it took.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace forest_bench {

[[noreturn]] inline void fail(const std::string& message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  std::exit(1);
}

// FOLDER ROWS FEATURES CLASSES TREES DEPTH MTRY SECONDS [TEST-ROWS]; the folder is write_task's (workloads.py).
struct Task {
  Task(int count, char** words) {
    if (count != 9 && count != 10) fail("FOLDER ROWS FEATURES CLASSES TREES DEPTH MTRY SECONDS [TEST-ROWS]");
    folder = words[1];
    const auto number = [&](int at) { return static_cast<std::uint32_t>(std::strtoul(words[at], nullptr, 10)); };
    rows = number(2);
    features = number(3);
    classes = number(4);
    trees = number(5);
    if (number(6) != 0) depth = number(6);
    mtry = number(7);
    seconds = std::strtod(words[8], nullptr);
    if (count == 10) test_rows = number(9);
  }

  [[nodiscard]] std::vector<float> read(const char* name, std::size_t size) const {
    std::vector<float> numbers(size);
    std::FILE* file = std::fopen((folder + '/' + name).c_str(), "rb");
    if (file == nullptr) fail("cannot open " + folder + '/' + name);
    // Wasmtime does not read more than 128 MiB at a time.
    constexpr std::size_t kBlock = std::size_t{1} << 20U;
    for (std::size_t at = 0; at < size; at += kBlock) {
      const std::size_t count = std::min(kBlock, size - at);
      if (std::fread(&numbers[at], sizeof(float), count, file) != count) fail("cannot read " + folder + '/' + name);
    }
    std::fclose(file);
    return numbers;
  }
  [[nodiscard]] std::vector<float> read_values() const { return read("train_x.f32", std::size_t{rows} * features); }
  [[nodiscard]] std::vector<float> read_targets() const { return read("train_y.f32", rows); }

  std::string folder;
  std::uint32_t rows = 0;
  std::uint32_t features = 0;
  std::uint32_t classes = 0;  // 0: regression
  std::uint32_t trees = 0;
  std::optional<std::uint32_t> depth;
  std::uint32_t mtry = 0;
  double seconds = 0;           // forests are grown until so much time is spent
  std::uint32_t test_rows = 0;  // predictions for them are written; 0: none
};

// Of one forest, in seconds.
struct Times {
  double arrays = 0;  // to make the arrays buffers
  double bins = 0;
  double growth = 0;
  double finish = 0;

  [[nodiscard]] double sum() const { return arrays + bins + growth + finish; }
  // A line for run.py.
  void print(std::uint64_t nodes) const {
    std::printf(
        "{\"seconds\": %.9f, \"arrays\": %.9f, \"bins\": %.9f, \"growth\": %.9f, \"finish\": %.9f, \"nodes\": %llu}\n",
        sum(), arrays, bins, growth, finish, static_cast<unsigned long long>(nodes));
    std::fflush(stdout);
  }
};

class Stopwatch {
 public:
  // Seconds since the last lap.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace forest_bench
