// How a run is told to stop. The host requests it (a deadline has passed, an
// embedder gave up); long work polls it and stops early.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace gpu_host {

enum class InterruptReason : std::uint8_t { none, timeout, gpu_time, embedder };

class Interrupt {
 public:
  using Clock = std::chrono::steady_clock;

  // Safe from any thread and from signal handlers. The first reason stays.
  void request(InterruptReason reason = InterruptReason::embedder) const noexcept {
    auto none = InterruptReason::none;
    reason_.compare_exchange_strong(none, reason, std::memory_order_relaxed);
  }
  [[nodiscard]] InterruptReason reason() const noexcept { return reason_.load(std::memory_order_relaxed); }

  // While there is a deadline, whoever polls after it requests the interrupt.
  void set_deadline(Clock::time_point deadline) noexcept { deadline_.store(deadline, std::memory_order_relaxed); }
  void clear_deadline() noexcept { set_deadline(Clock::time_point::max()); }

  [[nodiscard]] bool requested() const noexcept {
    if (reason() != InterruptReason::none) return true;
    const auto deadline = deadline_.load(std::memory_order_relaxed);
    if (deadline == Clock::time_point::max() || Clock::now() < deadline) return false;
    request(InterruptReason::gpu_time);
    return true;
  }

 private:
  mutable std::atomic<InterruptReason> reason_{InterruptReason::none};
  std::atomic<Clock::time_point> deadline_{Clock::time_point::max()};
};

}  // namespace gpu_host
