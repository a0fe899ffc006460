#include "cuda_peer.hpp"

#include <cuda.h>
#include <dlfcn.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "array.hpp"
#include "backend/cuda/blas.hpp"
#include "backend/cuda/found_devices.hpp"
#include "backend/cuda/libraries.hpp"
#include "backend/cuda/queue.hpp"
#include "backend/cuda/random.hpp"

namespace gpu_host::bench {
namespace {

template <class T>
T value_of(GpuResult<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void check(CUresult result) {
  if (result != CUDA_SUCCESS) throw std::runtime_error(cuda::text(result));
}

// A context with a queue, and memory in it.
class Peer {
 public:
  explicit Peer(const DeviceEntry& device) {
    const cuda::FoundDevice& found = cuda::found_devices()->at(device.index);
    gpu_ = value_of(cuda::Gpu::open(found.device, found.limits));
    const cuda::CurrentContext current(*gpu_);
    queue_ = std::make_unique<cuda::Queue>(*gpu_, StreamOptions{});
    value_of(queue_->prepare());
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    const cuda::CurrentContext current(*gpu_);
    queue_->finish();
    memory_.clear();
    queue_.reset();
  }

  [[nodiscard]] cuda::Gpu& gpu() const { return *gpu_; }
  [[nodiscard]] cuda::Queue& queue() const { return *queue_; }

  [[nodiscard]] CUdeviceptr allocate(std::uint64_t bytes) {
    const cuda::CurrentContext current(*gpu_);
    memory_.push_back(value_of(queue_->allocate(bytes)));
    value_of(queue_->wait());  // what does not run in this queue may use it too
    return memory_.back().address();
  }
  [[nodiscard]] CUdeviceptr zeros(std::uint64_t bytes) {
    const CUdeviceptr address = allocate(bytes);
    const cuda::CurrentContext current(*gpu_);
    value_of(queue_->clear(address, bytes));
    value_of(queue_->wait());
    return address;
  }
  [[nodiscard]] CUdeviceptr random(std::uint64_t floats, std::uint64_t seed) {
    const CUdeviceptr address = allocate(floats * sizeof(float));
    const cuda::CurrentContext current(*gpu_);
    value_of(cuda::fill_uniform(*queue_, address, floats, seed));
    return address;
  }

 private:
  std::shared_ptr<cuda::Gpu> gpu_;
  std::unique_ptr<cuda::Queue> queue_;
  std::vector<cuda::DeviceMemory> memory_;
};

// `work` so many times, the context being current. It is done once before anything is measured.
template <class Work>
Operation repeated(std::shared_ptr<Peer> peer, Work work) {
  Operation run = [peer = std::move(peer), work = std::move(work)](std::int64_t count) {
    const cuda::CurrentContext current(peer->gpu());
    return seconds_of([&] {
      for (std::int64_t i = 0; i < count; ++i) work();
      value_of(peer->queue().wait());
    });
  };
  run(1);
  return run;
}

Result<void*> open_blas_library() { return cuda::open_library({"libcublas.so.12", "libcublas.so.13"}, "cublas"); }

void require(const Result<void*>& library) {
  if (!library) throw Skipped(library.error().message);
}

// A function that the backend itself does not use.
template <class Function>
Function* function_in(const Result<void*>& library, const char* name) {
  if (!library) throw std::runtime_error(library.error().message);
  void* const function = dlsym(*library, name);
  if (function == nullptr) throw std::runtime_error(std::string("no function ") + name);
  return reinterpret_cast<Function*>(function);
}

template <class Function>
Function* driver_function(const char* name) {
  return function_in<Function>(cuda::open_library({"libcuda.so.1"}, ""), name);
}

void check_blas(int status) {
  if (status != 0) throw std::runtime_error("cuBLAS: status " + std::to_string(status));
}

}  // namespace

void require_blas() { require(open_blas_library()); }

void require_random() { require(cuda::open_library({"libcurand.so.10"}, "curand")); }

Operation direct_matmul(const DeviceEntry& device, std::uint32_t size, MatmulPrecision precision) {
  const auto peer = std::make_shared<Peer>(device);
  const std::uint64_t elements = std::uint64_t{size} * size;
  const auto n = static_cast<int>(size);
  const cuda::Blas::Gemm gemm{.trans_a = false,
                              .trans_b = false,
                              .m = n,
                              .n = n,
                              .k = n,
                              .alpha = 1,
                              .beta = 0,
                              .a = peer->random(elements, 1),
                              .b = peer->random(elements, 2),
                              .c = peer->allocate(elements * sizeof(float)),
                              .lda = n,
                              .ldb = n,
                              .ldc = n,
                              .tf32 = precision == MatmulPrecision::tf32};
  const cuda::CurrentContext current(peer->gpu());
  cuda::Blas* const blas = value_of(peer->queue().blas());
  return repeated(peer, [blas, gemm] { value_of(blas->gemm(gemm)); });
}

Operation direct_axpy(const DeviceEntry& device, std::uint32_t floats) {
  const auto library = open_blas_library();
  const auto create = function_in<int(void**)>(library, "cublasCreate_v2");
  const auto destroy = function_in<int(void*)>(library, "cublasDestroy_v2");
  const auto set_stream = function_in<int(void*, CUstream)>(library, "cublasSetStream_v2");
  // The addresses as a parameter, which only the device may follow.
  const auto axpy =
      function_in<int(void*, int, const float*, CUdeviceptr, int, CUdeviceptr, int)>(library, "cublasSaxpy_v2");
  const auto peer = std::make_shared<Peer>(device);
  const CUdeviceptr x = peer->random(floats, 1);
  const CUdeviceptr y = peer->random(floats, 2);
  const cuda::CurrentContext current(peer->gpu());
  void* created = nullptr;
  check_blas(create(&created));
  const std::shared_ptr<void> handle(created, [peer, destroy](void* old) {
    const cuda::CurrentContext context(peer->gpu());
    (void)destroy(old);
  });
  check_blas(set_stream(created, peer->queue().stream()));
  return repeated(peer, [=, queue = &peer->queue(), n = static_cast<int>(floats)] {
    constexpr float kOne = 1;
    check_blas(axpy(handle.get(), n, &kOne, x, 1, y, 1));
    value_of(queue->wait());
  });
}

Operation direct_copy(const DeviceEntry& device, std::uint64_t bytes) {
  const auto peer = std::make_shared<Peer>(device);
  const CUdeviceptr from = peer->zeros(bytes);
  const CUdeviceptr to = peer->allocate(bytes);
  return repeated(peer, [queue = &peer->queue(), from, to, bytes] {
    check(cuda::driver().MemcpyDtoDAsync_v2(to, from, bytes, queue->stream()));
    value_of(queue->wait());
  });
}

Operation plain_write(const DeviceEntry& device, std::uint64_t bytes) {
  const auto peer = std::make_shared<Peer>(device);
  const auto copy = driver_function<decltype(cuMemcpyHtoD_v2)>("cuMemcpyHtoD_v2");
  return repeated(peer, [copy, bytes, from = Array<std::byte>(bytes), to = peer->allocate(bytes)] {
    check(copy(to, from.data(), bytes));
  });
}

Operation plain_read(const DeviceEntry& device, std::uint64_t bytes) {
  const auto peer = std::make_shared<Peer>(device);
  const auto copy = driver_function<decltype(cuMemcpyDtoH_v2)>("cuMemcpyDtoH_v2");
  return repeated(peer, [copy, bytes, to = Array<std::byte>(bytes), from = peer->zeros(bytes)] {
    check(copy(to.data(), from, bytes));
  });
}

}  // namespace gpu_host::bench
