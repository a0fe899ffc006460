// How a run is told to stop. The host's watchdog requests it (a deadline has
// passed, an embedder gave up); long work polls it and stops early.
#pragma once

#include <atomic>

namespace gpu_host {

class Interrupt {
 public:
  // Safe from any thread and from signal handlers.
  void request() noexcept { requested_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool requested() const noexcept { return requested_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> requested_{false};
};

}  // namespace gpu_host
