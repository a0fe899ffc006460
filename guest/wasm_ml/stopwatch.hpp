// Time that has passed, on a clock that never goes back.
#pragma once

#include <ctime>

namespace wasm_ml {

class Stopwatch {
 public:
  Stopwatch() : begin_(now()) {}
  [[nodiscard]] double milliseconds() const { return now() - begin_; }

 private:
  static double now() {
    std::timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
  }
  double begin_;
};

}  // namespace wasm_ml
