#include "util/stack_thread.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <exception>
#include <system_error>

namespace gpu_host {
namespace {

struct Task {
  const std::function<void()>& function;
  std::exception_ptr failure = nullptr;
};

void* run(void* argument) {
  auto& task = *static_cast<Task*>(argument);
  try {
    task.function();
  } catch (...) {
    task.failure = std::current_exception();
  }
  return nullptr;
}

}  // namespace

Result<void> run_on_stack(std::size_t stack_size, const std::function<void()>& function) {
  Task task{function};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_t thread{};
  int failed = pthread_attr_setstacksize(&attributes, stack_size);
  if (failed == 0) failed = pthread_create(&thread, &attributes, &run, &task);
  pthread_attr_destroy(&attributes);
  if (failed != 0) {
    return error(ErrorKind::internal, fmt::format("no thread with a stack of {} bytes: {}", stack_size,
                                                  std::generic_category().message(failed)));
  }
  pthread_join(thread, nullptr);
  if (task.failure) std::rethrow_exception(task.failure);
  return {};
}

}  // namespace gpu_host
