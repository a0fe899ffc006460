// The bytes of a device's memory that an instance may use.
#pragma once

#include <cstdint>

#include "backend/memory_budget.hpp"

namespace gpu_host {

class MemoryQuota final : public MemoryBudget {
 public:
  explicit MemoryQuota(std::uint64_t max) : max_(max) {}

  // Before anything is taken.
  void set_max(std::uint64_t max) { max_ = max; }

  [[nodiscard]] std::uint64_t max() const { return max_; }
  [[nodiscard]] std::uint64_t used() const { return used_; }
  [[nodiscard]] std::uint64_t left() const override { return max_ - used_; }

  // out_of_memory, which names the quota, where so many bytes are not left.
  [[nodiscard]] GpuResult<void> admit(std::uint64_t bytes) const;
  [[nodiscard]] GpuResult<void> take(std::uint64_t bytes) override;
  void give_back(std::uint64_t bytes) noexcept override { used_ -= bytes; }

 private:
  std::uint64_t max_;
  std::uint64_t used_ = 0;
};

}  // namespace gpu_host
