// The order in which a node tries features (docs/forest-numerics.md, 5).
#pragma once

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "forest/threefry.hpp"

namespace gpu_host::cpu {

// For one node after the other.
class FeatureOrder {
 public:
  FeatureOrder(std::uint32_t n_features, std::uint32_t n_tried) : order_(n_features), shuffles_(n_tried < n_features) {
    std::iota(order_.begin(), order_.end(), 0U);
  }

  void begin_node(forest::Key key) {
    for (; !swaps_.empty(); swaps_.pop_back()) std::swap(order_[swaps_.size() - 1], order_[swaps_.back()]);
    words_ = forest::Words(key);
    if (!shuffles_) first_ = forest::below(size(), words_.next());
  }

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(order_.size()); }

  // The node's j-th feature.
  std::uint32_t operator[](std::uint32_t j) {
    if (!shuffles_) return first_ + j < size() ? first_ + j : first_ + j - size();
    while (swaps_.size() <= j) shuffle_next();
    return order_[j];
  }

 private:
  void shuffle_next() {
    const auto place = static_cast<std::uint32_t>(swaps_.size());
    swaps_.push_back(place + forest::below(size() - place, words_.next()));
    std::swap(order_[place], order_[swaps_.back()]);
  }

  std::vector<std::uint32_t> order_;  // from 0 on, but for what was swapped
  std::vector<std::uint32_t> swaps_;  // of each place, with which
  bool shuffles_;
  std::uint32_t first_ = 0;
  forest::Words words_{forest::Key{}};
};

}  // namespace gpu_host::cpu
