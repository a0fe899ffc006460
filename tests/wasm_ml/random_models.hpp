// Models of all kinds that a file can keep.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "forest.hpp"
#include "model.hpp"

namespace wasm_ml {

using Random = std::mt19937;

inline std::uint32_t below(Random& random, std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); }

// What people and programs call columns, and what they should not.
inline std::string random_text(Random& random) {
  static const std::vector<std::string> texts = {"a",
                                                 "bmi",
                                                 " ",
                                                 "a,b",
                                                 "say \"x\"",
                                                 "two\nlines\r\n",
                                                 "\t\\n",
                                                 std::string("\0zero\0", 6),
                                                 "Größe",
                                                 "価格",
                                                 "\xf0\x9f\x8c\xb3",
                                                 "\xff\xfe not UTF-8 \x80",
                                                 std::string(5000, 'x'),
                                                 "-1",
                                                 "NaN"};
  return texts[below(random, static_cast<std::uint32_t>(texts.size()))];
}

inline std::vector<std::string> different_texts(Random& random, std::size_t n) {
  std::vector<std::string> texts;
  while (texts.size() < n) {
    std::string text = random_text(random);
    while (std::ranges::find(texts, text) != texts.end()) text += std::to_string(texts.size());
    texts.push_back(std::move(text));
  }
  return texts;
}

inline ModelInfo random_info(Random& random) {
  const auto any = [&] { return static_cast<std::uint32_t>(random()); };
  ModelInfo info;
  info.task = static_cast<ModelTask>(below(random, 3));
  info.origin = below(random, 2) == 0 ? "" : random_text(random);
  info.target_name = below(random, 2) == 0 ? "" : random_text(random);
  for (std::string& name : different_texts(random, 1 + below(random, 20))) {
    info.features.push_back(
        {.name = std::move(name), .categories = different_texts(random, below(random, 2) == 0 ? 0 : 9)});
  }
  if (!info.features[0].categories.empty()) info.features[0].categories[0] = "";
  if (info.task == ModelTask::classification) info.classes = different_texts(random, 2 + below(random, 10));
  info.params = {.n_trees = any(),
                 .max_depth = any(),
                 .max_features = any(),
                 .min_samples_split = any(),
                 .min_samples_leaf = any(),
                 .seed = any(),
                 .min_impurity_decrease = std::uniform_real_distribution<double>(0, 1e9)(random),
                 .bootstrap = below(random, 2) == 0,
                 .max_samples = any(),
                 .max_bins = any(),
                 .oob_score = below(random, 2) == 0};
  info.n_train_rows = any();
  if (below(random, 2) == 0) {
    for (std::size_t i = 0; i < info.features.size(); ++i) {
      info.importances.push_back(std::uniform_real_distribution<double>(0, 1)(random));
    }
    info.importances[0] = std::numeric_limits<double>::denorm_min();
  }
  info.postprocessor = {.kind = static_cast<PostprocessorKind>(below(random, 8)),
                        .sigmoid_alpha = std::uniform_real_distribution<float>(-9, 9)(random),
                        .ratio_c = std::numeric_limits<float>::max()};
  return info;
}

// Trees of any shape: balanced, chains, single leaves.
inline Forest random_forest(Random& random, std::uint32_t n_features) {
  Forest forest;
  for (std::uint32_t i = 0; i < n_features; ++i) forest.feature_names.push_back(std::to_string(i));
  const std::uint32_t n_trees = 1 + below(random, 6);
  std::uniform_real_distribution<float> number(-100, 100);
  for (std::uint32_t tree = 0; tree < n_trees; ++tree) {
    const std::size_t root = forest.nodes.size();
    forest.tree_offsets.push_back(static_cast<std::uint32_t>(root));
    const std::uint32_t n_inner = below(random, 40);
    const bool is_chain = below(random, 4) == 0;
    forest.nodes.push_back({.feature = -1, .threshold = number(random), .left = 0, .right = 0});
    // Of the leaves of a tree one at a time gets children, which come last.
    for (std::uint32_t i = 0; i < n_inner; ++i) {
      const auto size = static_cast<std::uint32_t>(forest.nodes.size() - root);
      std::uint32_t leaf = is_chain ? size - 1 : below(random, size);
      while (!forest.nodes[root + leaf].is_leaf()) leaf = (leaf + 1) % size;
      forest.nodes[root + leaf] = {.feature = static_cast<std::int32_t>(below(random, n_features)),
                                   .threshold = static_cast<float>(static_cast<int>(number(random))),
                                   .left = size,
                                   .right = size + 1};
      for (int child = 0; child < 2; ++child) {
        forest.nodes.push_back({.feature = -1, .threshold = number(random), .left = 0, .right = 0});
      }
    }
  }
  forest.params.n_trees = n_trees;
  forest.depth = check_structure(forest).value();
  return forest;
}

// Rows of whole numbers, which hit thresholds, and some others.
inline std::vector<float> random_rows(Random& random, std::size_t n_rows, std::uint32_t n_features) {
  std::vector<float> rows(n_rows * n_features);
  for (float& x : rows) {
    x = static_cast<float>(static_cast<int>(below(random, 201)) - 100);
    if (below(random, 4) == 0) x += 0.5F;
    if (below(random, 50) == 0) x = std::numeric_limits<float>::infinity() * (below(random, 2) == 0 ? 1.0F : -1.0F);
  }
  return rows;
}

}  // namespace wasm_ml
