// What a model knows of a feature: its name, and the texts that its values may be.
#pragma once

#include <string>
#include <vector>

namespace wasm_ml {

struct FeatureType {
  std::string name;
  std::vector<std::string> categories = {};  // in the order of their codes 0, 1, …; empty: numbers

  friend bool operator==(const FeatureType&, const FeatureType&) = default;
};

[[nodiscard]] inline std::vector<FeatureType> numeric_features(const std::vector<std::string>& names) {
  std::vector<FeatureType> types;
  types.reserve(names.size());
  for (const std::string& name : names) types.push_back({.name = name});
  return types;
}

}  // namespace wasm_ml
