#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "commands.hpp"
#include "dataset.hpp"
#include "files.hpp"
#include "model_file.hpp"
#include "stopwatch.hpp"
#include "text.hpp"
#include "training_progress.hpp"
#include "wasi_gpu/device.hpp"

namespace wasm_ml {
namespace {

void print_out_of_bag(const Trained& trained) {
  if (!trained.forest.params.oob_score) return;
  if (trained.out_of_bag) {
    std::printf("out of bag: MSE %.3f, R2 %.4f over %lu rows\n", trained.out_of_bag->mse, trained.out_of_bag->r2,
                static_cast<unsigned long>(trained.n_out_of_bag));
  } else {
    std::puts("out of bag: every row was drawn by all trees");
  }
}

void print_importances(const Trained& trained) {
  constexpr std::size_t kMost = 5;
  const std::vector<double>& importances = trained.importances;
  std::vector<std::size_t> features(importances.size());
  std::iota(features.begin(), features.end(), 0);
  std::ranges::stable_sort(features, std::ranges::greater(), [&](std::size_t feature) { return importances[feature]; });
  std::string list;
  for (std::size_t i = 0; i < std::min(kMost, features.size()) && importances[features[i]] > 0; ++i) {
    list += format("%s%s %.3f", i == 0 ? "" : ", ", quoted(trained.forest.feature_names[features[i]]).c_str(),
                   importances[features[i]]);
  }
  if (!list.empty()) std::printf("most important: %s\n", list.c_str());
}

}  // namespace

Result<void> run(const TrainCommand& command) {
  if (auto distinct = check_distinct(command.data, command.model); !distinct) return distinct;
  const auto set = load_training_set(command.data, command.target);
  if (!set) return std::unexpected(set.error());
  const Stopwatch stopwatch;
  const auto trained = train_with_progress(*set, command.forest);
  if (!trained) return std::unexpected(trained.error());
  const double milliseconds = stopwatch.milliseconds();
  const Forest& forest = trained->forest;
  if (auto saved = save_model(command.model, forest); !saved) return saved;
  std::printf("trained %lu trees, %zu nodes, depth %lu, on %lu rows of %lu features, in %.1f ms (%s): %s\n",
              static_cast<unsigned long>(forest.params.n_trees), forest.nodes.size(),
              static_cast<unsigned long>(forest.depth), static_cast<unsigned long>(set->n_rows),
              static_cast<unsigned long>(set->n_features()), milliseconds, wasi_gpu::device_info().backend.c_str(),
              command.model.c_str());
  print_out_of_bag(*trained);
  print_importances(*trained);
  return {};
}

}  // namespace wasm_ml
