#include "progress.hpp"

#include <unistd.h>

#include <cstdio>

namespace wasm_ml {

ProgressLine::ProgressLine(const char* what, std::uint32_t total)
    : what_(what), total_(total), on_terminal_(isatty(STDERR_FILENO) != 0) {}

ProgressLine::~ProgressLine() {
  if (on_terminal_) std::fputs("\r\033[K", stderr);
}

void ProgressLine::update(std::uint32_t done) {
  if (!on_terminal_) return;
  const auto percent = static_cast<std::uint32_t>(std::uint64_t{done} * 100 / total_);
  if (percent == shown_percent_) return;
  shown_percent_ = percent;
  std::fprintf(stderr, "\r%s: %u of %u (%u %%)", what_, static_cast<unsigned>(done), static_cast<unsigned>(total_),
               static_cast<unsigned>(percent));
}

}  // namespace wasm_ml
