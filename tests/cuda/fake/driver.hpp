// The fake driver's state, behind one mutex.
#pragma once

#pragma GCC visibility push(default)  // of this library only the driver's functions are seen
#include <cuda.h>
#include <array>
#pragma GCC visibility pop

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fake_cuda.hpp"
#include "fibers.hpp"

namespace fake_cuda {

struct Context {
  CUdevice device = 0;
  CUresult error = CUDA_SUCCESS;  // once it is lost
};

struct Operation {
  std::function<CUresult()> run;
  bool gives_back = false;  // and so runs in a lost context too
};

struct Stream {
  std::shared_ptr<Context> context;
  std::deque<Operation> queue;
  std::uint32_t passed = 0;  // queries since the last operation
};

struct Event {
  std::shared_ptr<Stream> stream;
  std::uint32_t pending = 0;
};

struct Module {
  std::string image;
};

struct Pool {
  CUdevice device = 0;
  std::uint64_t threshold = 0;  // of bytes that it keeps at a synchronisation
  std::uint64_t reserved = 0;   // bytes, whether they are in use or not
  // Blocks that were freed: those of which a synchronisation has told the program can go back to the device.
  std::multiset<std::size_t> seen;
  std::multiset<std::size_t> unseen;
  bool is_destroyed = false;
};

struct Allocation {
  std::size_t size = 0;
  std::shared_ptr<Pool> pool;
  bool is_freed = false;  // in the order of a stream that is not there yet
};

struct Failure {
  CUresult error;
  std::uint32_t calls_left;
  bool for_good;
};

template <class T>
using LiveObjects = std::map<const void*, std::shared_ptr<T>>;

struct Driver {
  std::mutex mutex;
  Settings settings;
  std::vector<CUdevice> visible;  // CUDA_VISIBLE_DEVICES
  bool is_started = false;
  std::uint64_t misuses = 0;

  LiveObjects<Context> contexts;
  LiveObjects<Stream> streams;
  LiveObjects<Event> events;
  LiveObjects<Module> modules;
  LiveObjects<Pool> pools;
  std::map<std::uintptr_t, Allocation> memory;
  std::map<CUdevice, std::uint64_t> reserved;  // bytes, by all pools
  std::map<std::uintptr_t, std::size_t> pinned;
  std::map<std::string, const Kernel*> kernels;

  std::map<std::string, Failure> failures;
  std::uint64_t launches = 0;
  std::uint64_t faulty_launch = 0;  // 0: none
  bool fault_loses_device = false;
  std::set<CUdevice> lost_devices;

  CUresult misuse(CUresult error) {
    ++misuses;
    return error;
  }
  // Runs the stream's next operation.
  static void step(Stream& stream);
  static void finish(Stream& stream);
};

Driver& driver();

// A thread's, the last is current. Without a destructor: devices may end after the thread's variables.
class ContextStack {
 public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] CUcontext back() const { return contexts_[size_ - 1]; }
  void push_back(CUcontext context) { contexts_.at(size_++) = context; }
  void pop_back() { --size_; }

 private:
  std::array<CUcontext, 64> contexts_{};
  std::size_t size_ = 0;
};
ContextStack& current_contexts();

// A call of the driver: holds the mutex; `error` is set where it is to fail at once.
class Call {
 public:
  enum class Needs { nothing, start, context, give_back };  // give_back: a context, even a lost one
  Call(const char* function, Needs needs);

  std::optional<CUresult> error;
  std::shared_ptr<Context> context;  // where one is needed: the current one
  // The stream, which must be the current context's; null and `error` where it is not.
  std::shared_ptr<Stream> stream(CUstream handle);
  // What a call with Needs::give_back returns.
  [[nodiscard]] CUresult result(CUresult result) const {
    return context->error == CUDA_SUCCESS ? result : context->error;
  }
  CUresult queue(CUstream handle, std::function<CUresult()> run, bool gives_back = false);

 private:
  std::lock_guard<std::mutex> lock_;
};

template <class T, class Handle>
std::shared_ptr<T> find(const LiveObjects<T>& objects, Handle handle) {
  const auto object = objects.find(handle);
  return object == objects.end() ? nullptr : object->second;
}

template <class Handle, class T>
Handle add(LiveObjects<T>& objects, std::shared_ptr<T> object) {
  T* const address = object.get();
  objects.emplace(address, std::move(object));
  return reinterpret_cast<Handle>(address);
}

// What a synchronisation tells the pools of a device.
void see_freed(CUdevice device);
// Whether all of [address, address + size) is one allocation's that has not been freed.
bool is_device_memory(std::uintptr_t address, std::size_t size);
bool is_pinned(const void* address, std::size_t size);

}  // namespace fake_cuda

#define FAKE_CUDA_CALL(function, needs)               \
  fake_cuda::Call call(function, Call::Needs::needs); \
  if (call.error) return *call.error
