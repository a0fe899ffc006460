#include "waiting.hpp"

#include <nanobind/nanobind.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>

#include "failure.hpp"

namespace gpu_host_python {
namespace {

namespace nb = nanobind;

constexpr std::chrono::milliseconds kTick{50};

// Work on another thread, which ends before this does.
class Worker {
 public:
  explicit Worker(const std::function<void()>& work)
      : thread_([this, &work] {
          try {
            work();
          } catch (...) {
            thrown_ = std::current_exception();
          }
          const std::lock_guard lock(mutex_);
          done_ = true;
          changed_.notify_all();
        }) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { join(); }

  // Whether it ended within this time. Without the GIL.
  [[nodiscard]] bool wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return done_; });
  }

  void join() {
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] std::exception_ptr thrown() const { return thrown_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::exception_ptr thrown_;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace

Patience::Patience(const std::optional<Seconds>& timeout) : timeout_(timeout) {}

void Patience::check() const {
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
  if (timeout_ && std::chrono::steady_clock::now() - begin_ > *timeout_) {
    std::string seconds = std::to_string(timeout_->count());
    throw Failure(FailureKind::timeout, "the timeout of " + seconds + " s has passed");
  }
}

void run_and_watch(const std::function<void()>& work, const std::function<void()>& interrupt,
                   const std::optional<Seconds>& timeout, const std::function<void()>& tick) {
  const Patience patience(timeout);
  std::exception_ptr stopped;
  std::exception_ptr thrown;
  {
    std::optional<nb::gil_scoped_release> released(std::in_place);
    Worker worker(work);
    while (!stopped && !worker.wait(kTick)) {
      const nb::gil_scoped_acquire acquired;
      try {
        tick();
        patience.check();
      } catch (...) {
        stopped = std::current_exception();
        interrupt();
      }
    }
    worker.join();
    thrown = worker.thrown();
    released.reset();
  }
  if (stopped) std::rethrow_exception(stopped);
  if (thrown) std::rethrow_exception(thrown);
  tick();
}

}  // namespace gpu_host_python
