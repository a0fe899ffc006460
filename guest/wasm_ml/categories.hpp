// Different texts, each with a number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wasm_ml {

class Categories {
 public:
  Categories() = default;
  explicit Categories(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) add(text);
  }

  // The text's number: 0, 1, … in the order in which texts came first.
  std::uint32_t add(std::string_view text);
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view text) const;

  [[nodiscard]] std::size_t size() const { return texts_.size(); }
  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number = 0;  // from 1; 0: free
  };

  [[nodiscard]] const Slot& slot_of(std::string_view text, std::uint32_t hash) const;
  void grow();

  std::vector<std::string> texts_;
  std::vector<Slot> slots_ = std::vector<Slot>(16);  // a power of 2, at most half of them taken
};

}  // namespace wasm_ml
