// openblas_peer SIZE: OpenBLAS called directly, in a process of its own, so that
// its threads are its own too. For each line with a number it multiplies two
// square matrices so many times and prints the seconds.
#include <dlfcn.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "array.hpp"
#include "comparison.hpp"

namespace {

// Of cblas.h, which only the development package has.
constexpr int kRowMajor = 101;
constexpr int kNoTrans = 111;
using Sgemm = void (*)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float* a, int lda,
                       const float* b, int ldb, float beta, float* c, int ldc);

}  // namespace

int main(int argc, char** argv) {
  using namespace gpu_host::bench;
  const int size = argc == 2 ? std::atoi(argv[1]) : 0;
  void* const library = dlopen("libopenblas.so.0", RTLD_NOW);
  const auto sgemm = library == nullptr ? nullptr : reinterpret_cast<Sgemm>(dlsym(library, "cblas_sgemm"));
  if (size <= 0 || sgemm == nullptr) {
    std::fputs("usage: openblas_peer SIZE; needs libopenblas.so.0\n", stderr);
    return 2;
  }
  const auto elements = static_cast<std::size_t>(size) * static_cast<std::size_t>(size);
  const auto a = random_floats(elements, -1, 1);
  const auto b = random_floats(elements, -1, 1);
  const Array<float> c(elements);
  std::int64_t count = 0;
  while (std::scanf("%" SCNd64, &count) == 1) {
    const double seconds = seconds_of([&] {
      for (std::int64_t i = 0; i < count; ++i) {
        sgemm(kRowMajor, kNoTrans, kNoTrans, size, size, size, 1, a.data(), size, b.data(), size, 0, c.data(), size);
      }
    });
    std::printf("%.9f\n", seconds);
    std::fflush(stdout);
  }
  return 0;
}
