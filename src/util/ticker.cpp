#include "util/ticker.hpp"

#include <utility>

namespace gpu_host {

Ticker::Ticker(std::chrono::nanoseconds interval, std::function<void()> tick)
    : thread_([this, interval, tick = std::move(tick)](const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested()) {
          stopped_.wait_for(lock, stop, interval, [] { return false; });
          if (!stop.stop_requested()) tick();
        }
      }) {}

}  // namespace gpu_host
