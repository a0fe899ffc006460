#include "backend/cuda/random.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "backend/cuda/libraries.hpp"
#include "backend/cuda/library_failure.hpp"

namespace gpu_host::cuda {
namespace {

// Of curand.h. Enumerations are passed as the C ABI passes them, as int.
constexpr int kSuccess = 0;
constexpr int kAllocationFailed = 102;
constexpr int kPhilox = 161;  // CURAND_RNG_PSEUDO_PHILOX4_32_10

struct RandomApi {
  int (*create)(void** generator, int type) = nullptr;
  int (*destroy)(void* generator) = nullptr;
  int (*set_stream)(void* generator, CUstream stream) = nullptr;
  int (*set_seed)(void* generator, unsigned long long seed) = nullptr;
  int (*generate_uniform)(void* generator, float* output, std::size_t n) = nullptr;
};

Result<RandomApi> find_random() {
  const auto library = open_library({"libcurand.so.10"}, "curand");
  if (!library) {
    return error(library.error().kind, library.error().message +
                                           "; for random inputs install cuRAND: pip install nvidia-curand-cu12, or "
                                           "NVIDIA's CUDA toolkit");
  }
  RandomApi api;
  std::string missing;
  const auto look_up = [&]<class Function>(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(*library, name));
    if (function == nullptr && missing.empty()) missing = name;
  };
  look_up(api.create, "curandCreateGenerator");
  look_up(api.destroy, "curandDestroyGenerator");
  look_up(api.set_stream, "curandSetStream");
  look_up(api.set_seed, "curandSetPseudoRandomGeneratorSeed");
  look_up(api.generate_uniform, "curandGenerateUniform");
  if (!missing.empty()) return error(ErrorKind::device, "cuRAND has no function " + missing);
  return api;
}

const Result<RandomApi>& found_random() {
  // Left open at exit, as the driver is.
  static const auto* const api = new Result<RandomApi>(find_random());
  return *api;
}

GpuResult<void> check(Queue& queue, int status, const char* what) {
  if (status == kSuccess) return {};
  const GpuErrorCode code = status == kAllocationFailed ? GpuErrorCode::out_of_memory : GpuErrorCode::kernel_error;
  return library_failure(queue, {code, std::string(what) + ": status " + std::to_string(status)});
}

}  // namespace

GpuResult<void> fill_uniform(Queue& queue, CUdeviceptr floats, std::uint64_t n, std::uint64_t seed) {
  const auto& api = found_random();
  if (!api) return gpu_error(GpuErrorCode::device_unavailable, api.error().message);
  void* handle = nullptr;
  if (auto made = check(queue, api->create(&handle, kPhilox), "curandCreateGenerator"); !made) return made;
  const std::unique_ptr<void, int (*)(void*)> generator(handle, api->destroy);
  if (auto set = check(queue, api->set_stream(handle, queue.stream()), "curandSetStream"); !set) return set;
  if (auto set = check(queue, api->set_seed(handle, seed), "curandSetPseudoRandomGeneratorSeed"); !set) return set;
  // Each call goes on where the one before it ended.
  for (std::uint64_t begin = 0; begin < n; begin += queue.max_work()) {
    const std::uint64_t size = std::min(queue.max_work(), n - begin);
    if (auto room = queue.make_room(size); !room) return room;
    auto* const output = reinterpret_cast<float*>(floats + begin * sizeof(float));  // NOLINT(performance-no-int-to-ptr)
    if (auto made = check(queue, api->generate_uniform(handle, output, size), "curandGenerateUniform"); !made) {
      return made;
    }
  }
  return queue.wait();  // the generator's state is the device's
}

}  // namespace gpu_host::cuda
