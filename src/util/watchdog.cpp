#include "util/watchdog.hpp"

#include <algorithm>
#include <utility>

namespace gpu_host {
namespace {

using Clock = std::chrono::steady_clock;

// Now + timeout, or the clock's end where that overflows.
Clock::time_point deadline_after(std::chrono::nanoseconds timeout) {
  const auto now = Clock::now();
  return timeout < Clock::time_point::max() - now ? now + timeout : Clock::time_point::max();
}

}  // namespace

Watchdog::Watchdog(std::chrono::nanoseconds timeout, std::function<void()> expired)
    : thread_([this, deadline = deadline_after(timeout), expired = std::move(expired)] {
        std::unique_lock lock(mutex_);
        // wait_until converts to the system's clock; far deadlines would overflow there.
        while (!stop_ && Clock::now() < deadline) {
          const auto step = std::min<Clock::duration>(deadline - Clock::now(), std::chrono::hours(1));
          stopped_.wait_for(lock, step, [this] { return stop_; });
        }
        if (stop_) return;
        lock.unlock();
        expired();
      }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_one();
  thread_.join();
}

}  // namespace gpu_host
