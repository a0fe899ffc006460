#include <cstdio>

#include "commands.hpp"
#include "dataset.hpp"
#include "files.hpp"
#include "model_file.hpp"
#include "stopwatch.hpp"
#include "training_progress.hpp"
#include "wasi_gpu/device.hpp"

namespace wasm_ml {

Result<void> run(const TrainCommand& command) {
  if (auto distinct = check_distinct(command.data, command.model); !distinct) return distinct;
  const auto set = load_training_set(command.data, command.target);
  if (!set) return std::unexpected(set.error());
  const Stopwatch stopwatch;
  const auto forest = train_with_progress(*set, command.forest);
  if (!forest) return std::unexpected(forest.error());
  const double milliseconds = stopwatch.milliseconds();
  if (auto saved = save_model(command.model, *forest); !saved) return saved;
  std::printf("trained %lu trees, %zu nodes, depth %lu, on %lu rows of %lu features, in %.1f ms (%s): %s\n",
              static_cast<unsigned long>(forest->params.n_trees), forest->nodes.size(),
              static_cast<unsigned long>(forest->depth), static_cast<unsigned long>(set->n_rows),
              static_cast<unsigned long>(set->n_features()), milliseconds, wasi_gpu::device_info().backend.c_str(),
              command.model.c_str());
  return {};
}

}  // namespace wasm_ml
