#include <cstdio>
#include <string>

#include "commands.hpp"
#include "model_file.hpp"

namespace wasm_ml {
namespace {

void print(const char* name, unsigned long value) { std::printf("%-20s %lu\n", name, value); }

}  // namespace

Result<void> run(const InfoCommand& command) {
  const auto forest = load_model(command.model);
  if (!forest) return std::unexpected(forest.error());
  const ForestParams& params = forest->params;
  std::printf("%-20s %s\n", "model", command.model.c_str());
  print("format version", kModelVersion);
  print("trees", forest->tree_offsets.size());
  print("nodes", forest->nodes.size());
  print("depth", forest->depth);
  std::printf("%-20s %s\n", "max depth", params.max_depth == 0 ? "any" : std::to_string(params.max_depth).c_str());
  std::printf("%-20s %s\n", "max features",
              params.max_features == 0 ? "all" : std::to_string(params.max_features).c_str());
  print("min samples split", params.min_samples_split);
  print("min samples leaf", params.min_samples_leaf);
  print("seed", params.seed);
  print("training rows", forest->n_train_rows);
  std::printf("%-20s %s\n", "target", forest->target_name.c_str());
  print("features", forest->feature_names.size());
  for (const std::string& name : forest->feature_names) std::printf("  %s\n", name.c_str());
  return {};
}

}  // namespace wasm_ml
