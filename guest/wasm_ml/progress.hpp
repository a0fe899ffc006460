// One line on a terminal that says how far the work is. Silent elsewhere.
#pragma once

#include <cstdint>

namespace wasm_ml {

class ProgressLine {
 public:
  // `what` outlives the line.
  ProgressLine(const char* what, std::uint32_t total);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();  // clears the line

  [[nodiscard]] bool is_shown() const { return on_terminal_; }
  void update(std::uint32_t done);

 private:
  const char* what_;
  std::uint32_t total_;
  std::uint32_t shown_percent_ = UINT32_MAX;
  bool on_terminal_;
};

}  // namespace wasm_ml
