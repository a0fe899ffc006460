// How long CPU work learns that it should stop: cheap to ask, for every element
// or every block.
#pragma once

#include <cstdint>

#include "backend/interrupt.hpp"

namespace gpu_host::cpu {

// About as many elements as are worked on between two looks at the interrupt.
inline constexpr std::uint64_t kPollWork = 1 << 16;

class Poll {
 public:
  explicit Poll(const Interrupt* interrupt) : interrupt_(interrupt) {}

  // True, and then always, once the work should stop. `work`: elements done
  // since the last call.
  [[nodiscard]] bool stop(std::uint64_t work = 1) {
    if (work < left_) {
      left_ -= work;
      return false;
    }
    if (interrupt_ == nullptr || !interrupt_->requested()) {
      left_ = kPollWork;
      return false;
    }
    left_ = 0;
    return true;
  }

 private:
  const Interrupt* interrupt_;
  std::uint64_t left_ = kPollWork;
};

}  // namespace gpu_host::cpu
