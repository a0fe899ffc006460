#include "training_progress.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "progress.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

void say(const char* kind, const std::string& text) { std::fprintf(stderr, "wasm_ml: %s: %s\n", kind, text.c_str()); }

void warn_of_constant_features(const TrainingSet& set) {
  constexpr std::size_t kMostNames = 10;
  const std::vector<std::string> names = constant_features(set);
  if (names.empty()) return;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i) list += (i == 0 ? "" : ", ") + quoted(names[i]);
  if (names.size() > kMostNames) list += format(" and %zu more", names.size() - kMostNames);
  say("warning", "one value in all rows, so that no tree can use it: " + list);
}

void warn_of_mixed_features(const TrainingSet& set) {
  for (const std::string& name : set.mixed_features) {
    say("warning", "column " + quoted(name) + " has texts and numbers: all are taken for names of categories");
  }
}

}  // namespace

Result<Trained> train_with_progress(const TrainingSet& set, const ForestOptions& options) {
  warn_of_mixed_features(set);
  warn_of_constant_features(set);
  ProgressLine progress("training, trees", options.params.n_trees);
  TrainingHooks hooks{.note = [](const std::string& text) { say("note", text); }};
  if (progress.is_shown()) hooks.progress = [&](std::uint32_t done) { progress.update(done); };
  return train_forest(set, options.resolve(set), hooks);
}

}  // namespace wasm_ml
