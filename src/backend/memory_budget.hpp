// What may be taken of a device's memory by objects that grow.
#pragma once

#include <cstdint>
#include <utility>

#include "backend/gpu_error.hpp"

namespace gpu_host {

// For use by one thread at a time.
class MemoryBudget {
 public:
  virtual ~MemoryBudget() = default;
  [[nodiscard]] virtual std::uint64_t left() const = 0;  // bytes
  // out_of_memory, and nothing is taken, where fewer are left.
  [[nodiscard]] virtual GpuResult<void> take(std::uint64_t bytes) = 0;
  virtual void give_back(std::uint64_t bytes) noexcept = 0;
};

// Bytes that its owner has taken. The budget outlives it.
class MemoryCharge {
 public:
  explicit MemoryCharge(MemoryBudget& budget) : budget_(&budget) {}
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;
  MemoryCharge(MemoryCharge&& other) noexcept : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MemoryCharge() { budget_->give_back(bytes_); }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t left() const { return budget_->left(); }  // to take

  // Makes it so many, more or fewer.
  [[nodiscard]] GpuResult<void> set(std::uint64_t bytes) {
    if (bytes > bytes_) {
      if (auto taken = budget_->take(bytes - bytes_); !taken) return taken;
      bytes_ = bytes;
    } else {
      lower_to(bytes);
    }
    return {};
  }
  // Not more than bytes().
  void lower_to(std::uint64_t bytes) noexcept { budget_->give_back(std::exchange(bytes_, bytes) - bytes); }

 private:
  MemoryBudget* budget_;
  std::uint64_t bytes_ = 0;
};

}  // namespace gpu_host
