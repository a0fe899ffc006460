// Makes the memory of this program run out at a chosen allocation. Its operator new
// and calloc (by which the cpu backend gets its buffers) ask here first; what shared
// libraries and Wasmtime allocate by malloc does not.
#pragma once

#include <cstddef>

namespace gpu_host::fault {

// Which of the allocations after it began fail.
struct Failure {
  std::size_t first;  // 0: the next one
  bool later_too;     // all after it as well; else that one alone
};

// While it lives, allocations fail, of every thread.
class FailingAllocations {
 public:
  // own_code: those that code of this program asks for by itself, inlined templates
  // included, but no library: a driver may have none of its own fail.
  enum class Which { all, operator_new, own_code };

  explicit FailingAllocations(Failure failure, Which which = Which::all);
  FailingAllocations(const FailingAllocations&) = delete;
  FailingAllocations& operator=(const FailingAllocations&) = delete;
  ~FailingAllocations();

  // Whether one has failed yet.
  [[nodiscard]] bool happened() const;
};

// How many blocks of operator new live. (What leaks of calloc, LeakSanitizer finds.)
[[nodiscard]] long live_blocks();

}  // namespace gpu_host::fault
