// Long work on a thread of its own, while Python's own thread keeps an eye on it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

namespace gpu_host_python {

using Seconds = std::chrono::duration<double>;

// Runs `work` to its end with the GIL released, and throws what it throws. About 20 times a second `tick` is called
// with the GIL, and Python's signals are handled. KeyboardInterrupt, what else a signal's handler or `tick` throws, and
// a timeout (TimeoutError) call `interrupt`, after which work must soon end. The GIL must be held.
void run_and_watch(const std::function<void()>& work, const std::function<void()>& interrupt,
                   const std::optional<Seconds>& timeout, const std::function<void()>& tick);

// For work that goes on step by step: throws where a signal's handler does, or the time is over. The GIL must be held.
class Patience {
 public:
  explicit Patience(const std::optional<Seconds>& timeout);
  void check() const;

 private:
  std::optional<Seconds> timeout_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace gpu_host_python
