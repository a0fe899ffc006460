// Ends work that runs past its deadline: a thread that waits for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace gpu_host {

// Calls `expired` once, from its own thread, when `timeout` has passed, unless it
// is destroyed before.
class Watchdog {
 public:
  Watchdog(std::chrono::nanoseconds timeout, std::function<void()> expired);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

 private:
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace gpu_host
