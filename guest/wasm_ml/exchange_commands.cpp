// import and export.
#include <algorithm>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "files.hpp"
#include "model_file.hpp"
#include "text.hpp"
#include "treelite.hpp"
#if defined(WASI_GPU_FOREST)
#include "engine_exchange.hpp"
#endif

namespace wasm_ml {

#if defined(WASI_GPU_FOREST)

namespace {

// Names between commas, or "0", "1", … where there are none.
Result<std::vector<std::string>> names(const char* option, const std::string& list, std::size_t n) {
  std::vector<std::string> names;
  if (list.empty()) {
    for (std::size_t i = 0; i < n; ++i) names.push_back(std::to_string(i));
    return names;
  }
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    names.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  if (names.size() != n) return fail_usage(format("option '%s' has %zu names, not %zu", option, names.size(), n));
  std::vector<std::string> sorted = names;
  std::ranges::sort(sorted);
  if (sorted.front().empty()) return fail_usage(format("option '%s' has an empty name", option));
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice != sorted.end()) return fail_usage(format("option '%s' has %s twice", option, quoted(*twice).c_str()));
  return names;
}

}  // namespace

Result<void> run(const ImportCommand& command) {
  if (auto distinct = check_distinct(command.treelite, command.model); !distinct) return distinct;
  const auto bytes = read_file(command.treelite);
  if (!bytes) return std::unexpected(bytes.error());
  const auto forest = read_treelite(std::as_bytes(std::span(*bytes)));
  if (!forest) return fail(quoted(command.treelite) + ": " + forest.error().message);
  const ModelTask task = task_of(*forest);
  auto features = names("--features", command.features, forest->n_features);
  if (!features) return std::unexpected(std::move(features.error()));
  std::vector<std::string> classes;
  if (task == ModelTask::classification) {
    auto named = names("--classes", command.classes, std::max(2U, forest->n_classes));
    if (!named) return std::unexpected(std::move(named.error()));
    classes = *std::move(named);
  } else if (!command.classes.empty()) {
    return fail_usage("option '--classes': the forest is not a classification");
  }
  auto packed = pack(*forest);
  if (!packed) return std::unexpected(std::move(packed.error()));
  const Model model{.info = {.task = task,
                             .origin = "treelite",
                             .target_name = command.target,
                             .features = numeric_features(*features),
                             .classes = std::move(classes),
                             .postprocessor = forest->postprocessor},
                    .packed = *std::move(packed)};
  if (auto saved = save_model(command.model, model); !saved) return saved;
  std::printf("imported %llu trees, %zu nodes, of %lu features: %s\n",
              static_cast<unsigned long long>(forest->n_trees()), forest->nodes.size(),
              static_cast<unsigned long>(forest->n_features), command.model.c_str());
  return {};
}

Result<void> run(const ExportCommand& command) {
  if (auto distinct = check_distinct(command.model, command.treelite); !distinct) return distinct;
  auto file = ModelFile::open(command.model);
  if (!file) return std::unexpected(std::move(file.error()));
  for (const FeatureType& type : file->info().features) {
    if (type.categories.empty()) continue;
    std::fprintf(stderr, "wasm_ml: warning: column %s: the exported forest takes the numbers of categories, from 0\n",
                 quoted(type.name).c_str());
  }
  const auto packed = file->read_packed();
  if (!packed) return std::unexpected(packed.error());
  auto forest = unpack(*packed);
  if (!forest) return fail("model " + quoted(command.model) + ": " + forest.error().message);
  set_task(file->info(), *forest);
  const std::vector<std::byte> bytes = write_treelite(*forest);
  if (auto written = write_file(command.treelite, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      !written) {
    return written;
  }
  std::printf("exported %llu trees, %zu nodes, of %lu features: %s\n",
              static_cast<unsigned long long>(forest->n_trees()), forest->nodes.size(),
              static_cast<unsigned long>(forest->n_features), command.treelite.c_str());
  return {};
}

#else

Result<void> run(const ImportCommand& /*command*/) { return fail("import needs a host of wasi:gpu 0.2.0"); }
Result<void> run(const ExportCommand& /*command*/) { return fail("export needs a host of wasi:gpu 0.2.0"); }

#endif

}  // namespace wasm_ml
