#include "driver.hpp"

namespace fake_cuda {

ContextStack& current_contexts() {
  thread_local ContextStack contexts;
  return contexts;
}

Call::Call(const char* function, Needs needs) : lock_(driver().mutex) {
  Driver& state = driver();
  if (const auto failure = state.failures.find(function); failure != state.failures.end()) {
    Failure& found = failure->second;
    if (found.calls_left > 0) --found.calls_left;
    if (found.calls_left == 0) {
      error = found.error;
      if (!found.for_good) state.failures.erase(failure);
      return;
    }
  }
  if (needs == Needs::nothing) return;
  if (!state.is_started) {
    error = state.misuse(CUDA_ERROR_NOT_INITIALIZED);
    return;
  }
  if (needs == Needs::start) return;
  context = current_contexts().empty() ? nullptr : find(state.contexts, current_contexts().back());
  if (context == nullptr) {
    error = state.misuse(CUDA_ERROR_INVALID_CONTEXT);
  } else if (needs == Needs::context && context->error != CUDA_SUCCESS) {
    error = context->error;
  }
}

std::shared_ptr<Stream> Call::stream(CUstream handle) {
  auto found = find(driver().streams, handle);
  if (found != nullptr && found->context == context) return found;
  error = driver().misuse(CUDA_ERROR_INVALID_HANDLE);
  return nullptr;
}

CUresult Call::queue(CUstream handle, std::function<CUresult()> run, bool gives_back) {
  const auto found = stream(handle);
  if (found == nullptr) return *error;
  found->queue.push_back({std::move(run), gives_back});
  return CUDA_SUCCESS;
}

void Driver::step(Stream& stream) {
  if (stream.queue.empty()) return;
  const Operation operation = std::move(stream.queue.front());
  stream.queue.pop_front();
  stream.passed = 0;
  CUresult& lost = stream.context->error;
  if (lost != CUDA_SUCCESS && !operation.gives_back) return;
  const CUresult result = operation.run();
  if (lost == CUDA_SUCCESS) lost = result;
}

void Driver::finish(Stream& stream) {
  while (!stream.queue.empty()) step(stream);
}

bool is_device_memory(std::uintptr_t address, std::size_t size) {
  auto after = driver().memory.upper_bound(address);
  if (after == driver().memory.begin()) return false;
  const auto& [begin, allocation] = *--after;
  return !allocation.is_freed && address - begin <= allocation.size && size <= allocation.size - (address - begin);
}

bool is_pinned(const void* pointer, std::size_t size) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  auto after = driver().pinned.upper_bound(address);
  if (after == driver().pinned.begin()) return false;
  const auto& [begin, pinned_size] = *--after;
  return address - begin <= pinned_size && size <= pinned_size - (address - begin);
}

}  // namespace fake_cuda
