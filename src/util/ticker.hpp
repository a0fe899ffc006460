// A thread that does something again and again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace gpu_host {

// Calls `tick` from its own thread, `interval` after it was made or last called,
// until it is destroyed.
class Ticker {
 public:
  Ticker(std::chrono::nanoseconds interval, std::function<void()> tick);

 private:
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace gpu_host
