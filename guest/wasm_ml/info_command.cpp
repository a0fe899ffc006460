#include <cstdio>
#include <string>
#include <utility>

#include "commands.hpp"
#include "json.hpp"
#include "model_file.hpp"
#include "model_json.hpp"
#include "packed_trees.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

void line(const char* name, const std::string& value) { std::printf("%-20s %s\n", name, value.c_str()); }
void line(const char* name, std::uint64_t value) { line(name, std::to_string(value)); }

// What a forest was grown with; nothing of one that was made elsewhere.
void print_params(const ModelInfo& info) {
  const ForestParams& params = info.params;
  line("max depth", params.max_depth == 0 ? "any" : std::to_string(params.max_depth));
  line("max features", params.max_features == 0 ? "all" : std::to_string(params.max_features));
  line("min samples split", params.min_samples_split);
  line("min samples leaf", params.min_samples_leaf);
  line("bootstrap", params.bootstrap ? "yes" : "no");
  line("seed", params.seed);
  line("training rows", info.n_train_rows);
}

void print(const InfoCommand& command, const ModelFile& file, const TreesSummary& trees) {
  const ModelInfo& info = file.info();
  line("model", command.model);
  line("format version", file.version());
  line("made by", info.origin);
  line("task", name_of(info.task));
  line("trees", trees.n_trees);
  line("nodes", trees.n_nodes);
  line("depth", trees.depth);
  line("bytes a node", format("%.2f", static_cast<double>(trees.bytes) / static_cast<double>(trees.n_nodes)));
  if (info.n_train_rows != 0) print_params(info);
  if (!info.target_name.empty()) line("target", info.target_name);
  if (!info.classes.empty()) line("classes", info.classes.size());
  for (const std::string& name : info.classes) std::printf("  %s\n", name.c_str());
  line("features", info.features.size());
  for (std::size_t i = 0; i < info.features.size(); ++i) {
    std::string more;
    if (!info.features[i].categories.empty()) more += format(", %zu categories", info.features[i].categories.size());
    if (!info.importances.empty()) more += format(", importance %.4f", info.importances[i]);
    std::printf("  %s%s\n", info.features[i].name.c_str(), more.c_str());
  }
}

void print_json(const InfoCommand& command, const ModelFile& file, const TreesSummary& trees) {
  JsonObject json;
  json.add("model", command.model).add("format_version", file.version()).add("trees", trees.n_trees);
  json.add("nodes", static_cast<double>(trees.n_nodes)).add("depth", trees.depth);
  json.add("packed_bytes", static_cast<double>(trees.bytes));
  add_info(file.info(), json);
  std::puts(json.text().c_str());
}

}  // namespace

Result<void> run(const InfoCommand& command) {
  auto file = ModelFile::open(command.model);
  if (!file) return std::unexpected(std::move(file.error()));
  const auto packed = file->read_packed();
  if (!packed) return std::unexpected(packed.error());
  const auto trees = summarize(*packed);
  if (!trees) return fail("model " + quoted(command.model) + ": " + trees.error().message);
  if (command.json) {
    print_json(command, *file, *trees);
  } else {
    print(command, *file, *trees);
  }
  return {};
}

}  // namespace wasm_ml
