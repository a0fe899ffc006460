#include "postprocess.hpp"

#include <gmock/gmock.h>

#include <numbers>
#include <vector>

namespace wasm_ml {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::FloatEq;

std::vector<double> of_row(const Postprocessor& postprocessor, std::vector<double> row) {
  postprocess(postprocessor, std::span(row));
  return row;
}

TEST(PostprocessTest, EachNumberAlone) {
  const auto of = [](PostprocessorKind kind, double x) {
    return of_row({.kind = kind, .sigmoid_alpha = 2, .ratio_c = 4}, {x, x})[1];
  };
  EXPECT_EQ(of(PostprocessorKind::identity, -0.3), -0.3);
  EXPECT_EQ(of(PostprocessorKind::signed_square, -3), -9);
  EXPECT_EQ(of(PostprocessorKind::signed_square, 3), 9);
  EXPECT_EQ(of(PostprocessorKind::hinge, 0), 0);
  EXPECT_EQ(of(PostprocessorKind::hinge, 1e-30), 1);
  EXPECT_THAT(of(PostprocessorKind::sigmoid, 0.5), DoubleNear(0.7310585786300049, 1e-15));
  EXPECT_EQ(of(PostprocessorKind::sigmoid, -1e300), 0);
  EXPECT_EQ(of(PostprocessorKind::sigmoid, 1e300), 1);
  EXPECT_THAT(of(PostprocessorKind::exponential, 1), DoubleNear(2.718281828459045, 1e-15));
  EXPECT_EQ(of(PostprocessorKind::exponential_standard_ratio, 8), 0.25);
  EXPECT_THAT(of(PostprocessorKind::logarithm_one_plus_exp, 0), DoubleNear(0.6931471805599453, 1e-16));
}

TEST(PostprocessTest, Softmax) {
  const Postprocessor softmax{.kind = PostprocessorKind::softmax};
  EXPECT_THAT(of_row(softmax, {1, 1, 1 + std::numbers::ln2}),
              ElementsAre(DoubleNear(0.25, 1e-15), DoubleNear(0.25, 1e-15), DoubleNear(0.5, 1e-15)));
  EXPECT_THAT(of_row(softmax, {1e300, -1e300}), ElementsAre(1, 0));
  EXPECT_THAT(of_row(softmax, {7}), ElementsAre(1));
  EXPECT_THAT(of_row(softmax, {}), ElementsAre());
}

TEST(PostprocessTest, OfFloatsIsTheSameRounded) {
  std::vector<float> row = {0.1F, -2, 3};
  const std::vector<double> exact = of_row({.kind = PostprocessorKind::softmax}, {row.begin(), row.end()});
  postprocess({.kind = PostprocessorKind::softmax}, std::span(row));
  for (std::size_t i = 0; i < row.size(); ++i) EXPECT_THAT(row[i], FloatEq(static_cast<float>(exact[i])));
}

}  // namespace
}  // namespace wasm_ml
