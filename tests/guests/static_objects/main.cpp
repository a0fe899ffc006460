// A C++ guest with static objects, which the host makes allocate many times. An
// older C runtime would construct and destroy them around each of its calls of
// cabi_realloc; with the SDK's start routine they live once, from before main
// to exit.
#include <cstdio>
#include <string>
#include <vector>

#include "check.h"
#include "wasi_gpu/wasi_gpu.hpp"

namespace {

// Zero before any constructor runs, and never set back.
int constructed = 0;
int destroyed = 0;

class Counted {
 public:
  Counted() : numbers_(1000, ++constructed) { std::puts("constructed"); }
  ~Counted() {
    ++destroyed;
    std::puts("destroyed");
  }
  [[nodiscard]] int sum() const {
    int total = 0;
    for (const int number : numbers_) total += number;
    return total;
  }

 private:
  std::vector<int> numbers_;
};

Counted global;
const std::string text = "a string too long to lie in the object itself";

Counted& local() {
  static Counted object;
  return object;
}

bool alive() {
  return constructed == 2 && destroyed == 0 && global.sum() == 1000 && local().sum() == 2000 && text.size() == 45;
}

void allocate_in_the_host() {
  constexpr int kRounds = 1000;
  auto buffer = wasi_gpu::Buffer::from(std::vector<float>{1, 2, 3});
  CHECK(buffer.has_value());
  for (int round = 0; round < kRounds; ++round) {
    std::vector<float> values(3);
    CHECK(buffer->read(values).has_value());
    CHECK(values[2] == 3);
    const auto refused = buffer->read(values, 1);  // one byte beyond the end: a string comes back
    CHECK(!refused && refused.error().code == wasi_gpu::ErrorCode::invalid_params);
    CHECK(!refused && !refused.error().message.empty());
    CHECK(!wasi_gpu::device_info().name.empty());
    CHECK(alive());
  }
}

}  // namespace

int main() {
  CHECK(constructed == 1);
  local();
  CHECK(alive());
  allocate_in_the_host();
  return verdict("static objects");
}
