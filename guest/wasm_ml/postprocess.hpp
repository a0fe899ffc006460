// What becomes of a forest's raw outputs: probabilities, counts, scores.
#pragma once

#include <cstdint>
#include <span>

namespace wasm_ml {

enum class PostprocessorKind : std::uint8_t {
  identity,
  signed_square,               // x * |x|
  hinge,                       // 1 where x > 0, else 0
  sigmoid,                     // 1 / (1 + exp(-sigmoid_alpha * x))
  exponential,                 // exp(x)
  exponential_standard_ratio,  // 2^(-x / ratio_c): scores of isolation forests
  logarithm_one_plus_exp,      // log(1 + exp(x))
  softmax,                     // exp(x) / the sum of all outputs' exp(x)
};

struct Postprocessor {
  PostprocessorKind kind = PostprocessorKind::identity;
  float sigmoid_alpha = 1;
  float ratio_c = 1;

  bool operator==(const Postprocessor&) const = default;
};

// Turns the raw outputs for one row into its prediction. Reckons in f64.
void postprocess(const Postprocessor& postprocessor, std::span<float> row);
void postprocess(const Postprocessor& postprocessor, std::span<double> row);

}  // namespace wasm_ml
