#include "backend/cpu/openblas.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <optional>
#include <thread>

#include "util/log.hpp"

namespace gpu_host::cpu {
namespace {

constexpr std::size_t kBufferSize = std::size_t{136} << 20U;  // OpenBLAS's on x86-64, aligned; on others it is smaller

// Whether the system gives so much address space now.
bool has_room(std::size_t size) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* const room = mmap(nullptr, size, PROT_READ | PROT_WRITE, kFlags, -1, 0);
  if (room == MAP_FAILED) return false;
  munmap(room, size);
  return true;
}

bool has_descriptors() {
  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  close(file);
  return true;
}

std::atomic<int> calls_running = 0;
std::atomic<int> buffers_there = 0;  // the most calls that ran at a time

}  // namespace

Sgemm open_sgemm(const char* name) {
  void* library = dlopen(name, RTLD_NOW | RTLD_NOLOAD);
  const bool was_loaded = library != nullptr;
  // While it is opened it starts a thread for every core, which also tries for ever to get a buffer.
  const bool may_open = was_loaded || has_room(kBufferSize * std::max(1U, std::thread::hardware_concurrency()));
  if (!was_loaded && may_open) library = dlopen(name, RTLD_NOW | RTLD_LOCAL);  // never closed: its threads stay
  void* const sgemm = library == nullptr ? nullptr : dlsym(library, "cblas_sgemm");
  if (sgemm == nullptr) {
    const char* const reason = may_open ? dlerror() : "no address space for its buffers";
    logger().warn("matmul on the cpu is slow without OpenBLAS, {} (Debian package libopenblas0-pthread): {}", name,
                  reason == nullptr ? "it has no cblas_sgemm" : reason);
    return nullptr;
  }
  // The threads are ours. The setting is the whole process's: if somebody else uses the library, it is theirs.
  if (auto* const set_threads = dlsym(library, "openblas_set_num_threads"); set_threads != nullptr && !was_loaded) {
    reinterpret_cast<void (*)(int)>(set_threads)(1);
  }
  return reinterpret_cast<Sgemm>(sgemm);
}

Sgemm openblas_sgemm() {
  static std::mutex mutex;
  static std::optional<Sgemm> known;
  const std::lock_guard lock(mutex);
  if (known) return *known;
  const Sgemm sgemm = open_sgemm("libopenblas.so.0");
  // Want of descriptors, which one guest may hold, is no reason for ever.
  if (sgemm != nullptr || has_descriptors()) known = sgemm;
  return sgemm;
}

SgemmBuffer::SgemmBuffer() {
  const int running = ++calls_running;
  if (running <= buffers_there) return;
  if (!has_room(kBufferSize)) {
    --calls_running;
    throw std::bad_alloc();
  }
  buffers_there = running;
}

SgemmBuffer::~SgemmBuffer() { --calls_running; }

}  // namespace gpu_host::cpu
