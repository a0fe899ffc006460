#include "postprocess.hpp"

#include <algorithm>
#include <cmath>

namespace wasm_ml {
namespace {

// Less the maximum, so that exp stays finite.
template <class T>
void softmax(std::span<T> row) {
  if (row.empty()) return;
  const double greatest = *std::ranges::max_element(row);
  double sum = 0;
  for (const T x : row) sum += std::exp(static_cast<double>(x) - greatest);
  for (T& x : row) x = static_cast<T>(std::exp(static_cast<double>(x) - greatest) / sum);
}

double transformed(const Postprocessor& postprocessor, double x) {
  switch (postprocessor.kind) {
    case PostprocessorKind::signed_square:
      return x * std::abs(x);
    case PostprocessorKind::hinge:
      return x > 0 ? 1 : 0;
    case PostprocessorKind::sigmoid:
      return 1 / (1 + std::exp(-static_cast<double>(postprocessor.sigmoid_alpha) * x));
    case PostprocessorKind::exponential:
      return std::exp(x);
    case PostprocessorKind::exponential_standard_ratio:
      return std::exp2(-x / static_cast<double>(postprocessor.ratio_c));
    case PostprocessorKind::logarithm_one_plus_exp:
      return std::log1p(std::exp(x));
    case PostprocessorKind::identity:
    case PostprocessorKind::softmax:
      break;
  }
  return x;
}

template <class T>
void postprocess_row(const Postprocessor& postprocessor, std::span<T> row) {
  if (postprocessor.kind == PostprocessorKind::identity) return;
  if (postprocessor.kind == PostprocessorKind::softmax) return softmax(row);
  for (T& x : row) x = static_cast<T>(transformed(postprocessor, static_cast<double>(x)));
}

}  // namespace

void postprocess(const Postprocessor& postprocessor, std::span<float> row) { postprocess_row(postprocessor, row); }
void postprocess(const Postprocessor& postprocessor, std::span<double> row) { postprocess_row(postprocessor, row); }

}  // namespace wasm_ml
