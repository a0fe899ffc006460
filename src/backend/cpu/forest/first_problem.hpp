// The first of the problems that several threads find in trees, whoever is faster.
#pragma once

#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <utility>

namespace gpu_host::cpu {

class FirstProblem {
 public:
  void add(std::uint64_t tree, std::string problem) {
    const std::lock_guard lock(mutex_);
    if (tree >= tree_) return;
    tree_ = tree;
    problem_ = std::move(problem);
  }
  [[nodiscard]] bool any() const { return tree_ != std::numeric_limits<std::uint64_t>::max(); }
  [[nodiscard]] const std::string& text() const { return problem_; }

 private:
  std::mutex mutex_;
  std::uint64_t tree_ = std::numeric_limits<std::uint64_t>::max();
  std::string problem_;
};

}  // namespace gpu_host::cpu
