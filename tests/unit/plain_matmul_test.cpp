// The plain loops against the formula, and OpenBLAS in tiles against the plain
// loops: at the edges of the tiles of both.
#include "backend/cpu/plain_matmul.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "backend/cpu/kernels.hpp"

namespace gpu_host::cpu {
namespace {

std::vector<float> some_values(std::size_t n) {
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i * 7919 % 257) / 128 - 1;
  return values;
}

struct Matrices {
  explicit Matrices(const MatmulParams& params)
      : a(some_values(std::size_t{params.m} * params.k)),
        b(some_values(std::size_t{params.k} * params.n)),
        c(some_values(std::size_t{params.m} * params.n)) {}
  std::vector<float> a;
  std::vector<float> b;
  std::vector<float> c;
};

template <class Test>
void for_each_transposition(MatmulParams params, const Test& test) {
  for (const bool trans_a : {false, true}) {
    for (const bool trans_b : {false, true}) {
      params.trans_a = trans_a;
      params.trans_b = trans_b;
      test(params);
    }
  }
}

TEST(PlainMatmul, DoesWhatTheFormulaSays) {
  Workers workers(nullptr, std::nullopt);
  for_each_transposition({130, 67, 259, false, false, -2, 0.5F}, [&](const MatmulParams& params) {
    const Matrices in(params);
    std::vector<float> c = in.c;
    ASSERT_TRUE(plain_matmul(workers, params, in.a, in.b, c));
    for (std::size_t i = 0; i < params.m; ++i) {
      for (std::size_t j = 0; j < params.n; ++j) {
        double sum = 0;
        for (std::size_t p = 0; p < params.k; ++p) {
          sum += double{in.a[params.trans_a ? p * params.m + i : i * params.k + p]} *
                 double{in.b[params.trans_b ? j * params.k + p : p * params.n + j]};
        }
        const double exact = -2 * sum + 0.5 * in.c[i * params.n + j];
        ASSERT_FLOAT_EQ(c[i * params.n + j], static_cast<float>(exact)) << i << ", " << j;
      }
    }
  });
}

TEST(PlainMatmul, IsWhatOpenBlasGivesInTiles) {
  Workers workers(nullptr, std::nullopt);
  for (const MatmulParams& shape :
       {MatmulParams{130, 1100, 530, false, false, 0.5F, -1}, MatmulParams{1, 1100, 5000, false, false, 1, 0},
        MatmulParams{5000, 1100, 1, false, false, 1, 1}}) {
    for_each_transposition(shape, [&](const MatmulParams& params) {
      const Matrices in(params);
      std::vector<float> c = in.c;
      std::vector<float> plain = in.c;
      ASSERT_TRUE(matmul(workers, params, in.a, in.b, c));
      ASSERT_TRUE(plain_matmul(workers, params, in.a, in.b, plain));
      for (std::size_t i = 0; i < c.size(); ++i) ASSERT_NEAR(c[i], plain[i], 1e-3) << i;
    });
  }
}

TEST(PlainMatmul, DoesNotLeaveOutWhatBlasDoes) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  Workers workers(nullptr, std::nullopt);
  const std::vector<float> a{kNan, 2};
  const std::vector<float> b{3, 4};
  std::vector<float> c{kNan};
  ASSERT_TRUE(matmul(workers, {1, 2, 1, false, false, 0, 0}, a, b, c));
  EXPECT_TRUE(std::isnan(c[0]));
  ASSERT_TRUE(matmul(workers, {1, 2, 1, false, false, 0, 0}, b, b, c));
  EXPECT_EQ(c[0], 0);
  c[0] = 6;
  ASSERT_TRUE(matmul(workers, {1, 0, 1, false, false, 1, 0.5F}, a, b, c));
  EXPECT_EQ(c[0], 3);
}

}  // namespace
}  // namespace gpu_host::cpu
