// cuRAND, as far as it is called: repeatable numbers, not NVIDIA's.
#include <cstddef>
#include <memory>
#include <random>

#include "enqueue.hpp"

namespace {

constexpr int kSuccess = 0;
constexpr int kAllocationFailed = 102;
constexpr int kTypeError = 103;
constexpr int kLaunchFailure = 201;
constexpr int kPhilox = 161;

struct Generator {
  CUstream stream = nullptr;
  std::shared_ptr<std::mt19937_64> engine = std::make_shared<std::mt19937_64>();  // lives as long as queued work
};

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int curandCreateGenerator(void** generator, int type) {
  if (type != kPhilox) return kTypeError;
  if (fake_cuda_call("curandCreateGenerator") != CUDA_SUCCESS) return kAllocationFailed;
  *generator = new Generator;
  return kSuccess;
}

int curandDestroyGenerator(void* generator) {
  delete static_cast<Generator*>(generator);
  return kSuccess;
}

int curandSetStream(void* generator, CUstream stream) {
  static_cast<Generator*>(generator)->stream = stream;
  return kSuccess;
}

int curandSetPseudoRandomGeneratorSeed(void* generator, unsigned long long seed) {
  static_cast<Generator*>(generator)->engine->seed(seed);
  return kSuccess;
}

// In (0, 1], as cuRAND's.
int curandGenerateUniform(void* generator, float* output, std::size_t n) {
  const Generator& used = *static_cast<Generator*>(generator);
  const CUresult queued = fake_cuda_enqueue(used.stream, [engine = used.engine, output, n] {
    constexpr int kBits = 24;
    for (std::size_t i = 0; i < n; ++i) {
      output[i] = static_cast<float>(((*engine)() >> (64 - kBits)) + 1) / static_cast<float>(1U << kBits);
    }
    return CUDA_SUCCESS;
  });
  return queued == CUDA_SUCCESS ? kSuccess : kLaunchFailure;
}

}  // extern "C"
#pragma GCC visibility pop
