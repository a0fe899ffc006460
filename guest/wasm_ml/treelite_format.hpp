// What reading and writing Treelite's binary format share. The format is a sequence of little-endian fields without
// padding; an array or a text comes after its length, a u64.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "postprocess.hpp"

namespace wasm_ml::treelite {

inline constexpr std::int32_t kMajorVersion = 4;

// Of thresholds and leaf values.
inline constexpr std::uint8_t kFloat32 = 2;
inline constexpr std::uint8_t kFloat64 = 3;

enum class NodeType : std::int8_t { leaf, numerical_test, categorical_test };

// Of a value with the threshold; where it holds the value goes left.
enum class Operator : std::int8_t { none, equal, less, less_equal, greater, greater_equal };

struct PostprocessorName {
  std::string_view name;
  PostprocessorKind kind;
  // Of a model of several classes: whether it is for all of them. Treelite applies the others to the first only.
  bool by_row;
};

// The first name of a kind is written, of several classes the first one by row.
inline constexpr std::array kPostprocessorNames = {
    PostprocessorName{"identity", PostprocessorKind::identity, false},
    PostprocessorName{"identity_multiclass", PostprocessorKind::identity, true},
    PostprocessorName{"signed_square", PostprocessorKind::signed_square, false},
    PostprocessorName{"hinge", PostprocessorKind::hinge, false},
    PostprocessorName{"sigmoid", PostprocessorKind::sigmoid, false},
    PostprocessorName{"multiclass_ova", PostprocessorKind::sigmoid, true},
    PostprocessorName{"exponential", PostprocessorKind::exponential, false},
    PostprocessorName{"exponential_standard_ratio", PostprocessorKind::exponential_standard_ratio, false},
    PostprocessorName{"logarithm_one_plus_exp", PostprocessorKind::logarithm_one_plus_exp, false},
    PostprocessorName{"softmax", PostprocessorKind::softmax, true},
};

}  // namespace wasm_ml::treelite
