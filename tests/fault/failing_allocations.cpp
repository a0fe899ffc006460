#include "fault/failing_allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

// The program's code, as the linker places it.
extern "C" const char __executable_start;
extern "C" const char etext;

namespace gpu_host::fault {
namespace {

constexpr long kNever = -1;

std::atomic<long> blocks = 0;
std::atomic<long> left = kNever;  // allocations that still succeed
std::atomic<bool> stays_failing = false;
std::atomic<bool> calloc_too = false;
std::atomic<bool> own_code_only = false;
std::atomic<bool> has_failed = false;

bool fails() {
  long before = left.load();
  while (before != kNever) {
    const long after = before > 0 ? before - 1 : (stays_failing ? 0 : kNever);
    if (!left.compare_exchange_weak(before, after)) continue;
    if (before == 0) has_failed = true;
    return before == 0;
  }
  return false;
}

bool fails_for(const void* caller) {
  const auto* const at = static_cast<const char*>(caller);
  if (own_code_only && (at < &__executable_start || at >= &etext)) return false;
  return fails();
}

void* counted(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  ++blocks;
  return block;
}

}  // namespace

FailingAllocations::FailingAllocations(Failure failure, Which which) {
  stays_failing = failure.later_too;
  calloc_too = which == Which::all;
  own_code_only = which == Which::own_code;
  has_failed = false;
  left = static_cast<long>(failure.first);
}

FailingAllocations::~FailingAllocations() { left = kNever; }

bool FailingAllocations::happened() const { return has_failed; }

long live_blocks() { return blocks; }

}  // namespace gpu_host::fault

namespace fault = gpu_host::fault;

// The linker sends calls of calloc here (--wrap=calloc).
extern "C" void* __real_calloc(std::size_t count, std::size_t size);
extern "C" void* __wrap_calloc(std::size_t count, std::size_t size);
extern "C" void* __wrap_calloc(std::size_t count, std::size_t size) {
  return fault::calloc_too && fault::fails() ? nullptr : __real_calloc(count, size);
}

// The other forms of new and delete come to these.
void* operator new(std::size_t size) {
  if (fault::fails_for(__builtin_return_address(0))) throw std::bad_alloc();
  return fault::counted(std::malloc(size == 0 ? 1 : size));
}
void* operator new(std::size_t size, std::align_val_t align) {
  if (fault::fails_for(__builtin_return_address(0))) throw std::bad_alloc();
  const auto alignment = static_cast<std::size_t>(align);
  return fault::counted(std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment));
}
// A sanitizer's own would not come to the first.
void* operator new(std::size_t size, const std::nothrow_t& /*nothrow*/) noexcept {
  try {
    return operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* block) noexcept {
  if (block == nullptr) return;
  --fault::blocks;
  std::free(block);
}
void operator delete(void* block, std::size_t /*size*/) noexcept { operator delete(block); }
void operator delete(void* block, std::align_val_t /*align*/) noexcept { operator delete(block); }
void operator delete(void* block, std::size_t /*size*/, std::align_val_t /*align*/) noexcept { operator delete(block); }
