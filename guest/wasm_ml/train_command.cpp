#include <unistd.h>

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
#include "json.hpp"
#include "model_file.hpp"
#include "stopwatch.hpp"
#include "text.hpp"
#include "training_progress.hpp"
#include "wasi_gpu/device.hpp"

namespace wasm_ml {
namespace {

unsigned long printable(std::uint32_t value) { return value; }

struct Importance {
  std::size_t number;
  std::string feature;
  double value;
};

// The most important first, equal ones in their order; of those that are not 0.
std::vector<Importance> sorted_importances(const ModelInfo& info) {
  std::vector<Importance> sorted;
  for (std::size_t i = 0; i < info.importances.size(); ++i) {
    if (info.importances[i] > 0) sorted.push_back({i, info.features[i].name, info.importances[i]});
  }
  std::ranges::sort(sorted, [](const Importance& a, const Importance& b) {
    return a.value != b.value ? a.value > b.value : a.number < b.number;
  });
  return sorted;
}

struct Report {
  const TrainCommand& command;
  const TrainingSet& set;
  const Trained& trained;
  double milliseconds;
  std::string backend;
};

std::string out_of_bag(const Trained& trained) {
  if (!trained.out_of_bag) return "every row was drawn by all trees";
  return describe(trained.out_of_bag->evaluation) + format(" over %lu rows", printable(trained.out_of_bag->n_rows));
}

void print_lines(const Report& report) {
  const auto& [command, set, trained, milliseconds, backend] = report;
  std::printf("trained %lu trees, %llu nodes, depth %lu, on %lu rows of %lu features, in %.1f ms (%s): %s\n",
              printable(trained.trees.n_trees), static_cast<unsigned long long>(trained.trees.n_nodes),
              printable(trained.trees.depth), printable(set.n_rows), printable(set.n_features()), milliseconds,
              backend.c_str(), command.model.c_str());
  if (command.forest.params.oob_score) std::printf("out of bag: %s\n", out_of_bag(trained).c_str());
  constexpr std::size_t kMost = 5;
  std::string list;
  for (const Importance& importance : sorted_importances(trained.model.info)) {
    if (list.empty())
      list = "most important: ";
    else
      list += ", ";
    list += format("%s %.3f", quoted(importance.feature).c_str(), importance.value);
    if (std::ranges::count(list, ',') == kMost - 1) break;
  }
  if (!list.empty()) std::puts(list.c_str());
}

void print_table(const Report& report) {
  const auto& [command, set, trained, milliseconds, backend] = report;
  const auto line = [](const char* name, const std::string& value) { std::printf("%-12s %s\n", name, value.c_str()); };
  const ModelInfo& info = trained.model.info;
  line("model", command.model);
  line("target", info.classes.empty() ? quoted(info.target_name)
                                      : quoted(info.target_name) + format(", %zu classes", info.classes.size()));
  line("rows", format("%lu of %lu features", printable(set.n_rows), printable(set.n_features())));
  line("forest", format("%lu trees, %llu nodes, depth %lu", printable(trained.trees.n_trees),
                        static_cast<unsigned long long>(trained.trees.n_nodes), printable(trained.trees.depth)));
  line("time", format("%.1f ms (%s)", milliseconds, backend.c_str()));
  if (command.forest.params.oob_score) line("out of bag", out_of_bag(trained));
  constexpr std::size_t kMost = 20;
  constexpr double kBar = 40;
  const auto importances = sorted_importances(info);
  for (std::size_t i = 0; i < std::min(kMost, importances.size()); ++i) {
    const auto length = static_cast<std::size_t>(kBar * importances[i].value / importances[0].value);
    std::printf("%-12s %5.1f %% %s %s\n", i == 0 ? "importances" : "", 100 * importances[i].value,
                std::string(std::max<std::size_t>(1, length), '#').c_str(), quoted(importances[i].feature).c_str());
  }
  if (importances.size() > kMost) line("", format("and %zu more", importances.size() - kMost));
}

void print_json(const Report& report) {
  const auto& [command, set, trained, milliseconds, backend] = report;
  const ModelInfo& info = trained.model.info;
  JsonObject json;
  json.add("model", command.model).add("task", info.classes.empty() ? "regression" : "classification");
  json.add("target", info.target_name).add("rows", set.n_rows).add("features", set.n_features());
  if (!info.classes.empty()) json.add("classes", info.classes);
  json.add("trees", trained.trees.n_trees).add("nodes", static_cast<double>(trained.trees.n_nodes));
  json.add("depth", trained.trees.depth).add("training_ms", milliseconds).add("backend", backend);
  if (trained.out_of_bag) {
    JsonObject evaluation;
    evaluation.add("rows", trained.out_of_bag->n_rows);
    add_json(trained.out_of_bag->evaluation, evaluation);
    json.add_raw("out_of_bag", evaluation.text());
  }
  if (!info.importances.empty()) {
    JsonObject importances;
    for (std::size_t i = 0; i < info.importances.size(); ++i) {
      importances.add(info.features[i].name, info.importances[i]);
    }
    json.add_raw("importances", importances.text());
  }
  std::puts(json.text().c_str());
}

}  // namespace

Result<void> run(const TrainCommand& command) {
  if (auto distinct = check_distinct(command.data, command.model); !distinct) return distinct;
  if (auto writable = check_writable(command.model); !writable) return writable;
  const auto set = load_training_set(command.data, command.target, command.task);
  if (!set) return std::unexpected(set.error());
  const Stopwatch stopwatch;
  const auto trained = train_with_progress(*set, command.forest);
  if (!trained) return std::unexpected(trained.error());
  const double milliseconds = stopwatch.milliseconds();
  if (auto saved = save_model(command.model, trained->model); !saved) return saved;
  const Report report{command, *set, *trained, milliseconds, wasi_gpu::device_info().backend};
  if (command.json) {
    print_json(report);
  } else if (isatty(STDOUT_FILENO) != 0) {
    print_table(report);
  } else {
    print_lines(report);
  }
  return {};
}

}  // namespace wasm_ml
