// The benchmarks of this project as one table. scripts/bench builds and runs it.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <regex>

#include "comparison.hpp"
#include "measure.hpp"
#include "report.hpp"

namespace {

using namespace gpu_host::bench;

std::vector<Comparison> all_comparisons(const Environment& environment) {
  std::vector<Comparison> comparisons;
  add_host_calls(comparisons);
  add_copies(comparisons);
  add_matmul(comparisons);
  add_memory_bound(comparisons);
  add_small_kernels(comparisons);
  add_trees(comparisons, environment);
  add_programs(comparisons);
#if WGH_CUDA
  add_cuda(comparisons);
#endif
  add_webgpu(comparisons, environment);
  return comparisons;
}

int run(int argc, char** argv) {
  bool json = false;
  bool markdown = false;
  bool list = false;
  std::string filter;
  Environment environment;
  CLI::App app("Measures the host against references in the same run.");
  app.add_flag("--json", json, "Print JSON");
  app.add_flag("--markdown", markdown, "Print a table in Markdown")->excludes("--json");
  app.add_flag("--list", list, "Only say what would be measured");
  app.add_flag("--any-device", environment.any_device, "Measure on software too what is meant for a GPU");
  app.add_option("--python", environment.python, "A Python with onnxruntime");
  app.add_option("FILTER", filter, "A regular expression: measure only names in which it is found");
  CLI11_PARSE(app, argc, argv);

  std::vector<Comparison> comparisons = all_comparisons(environment);
  const std::regex wanted(filter);
  std::erase_if(comparisons, [&](const Comparison& c) { return !std::regex_search(c.name, wanted); });
  if (comparisons.empty()) throw std::runtime_error("nothing is called " + filter + "; see --list");
  if (list) {
    for (const Comparison& c : comparisons) {
      fmt::print("{}: {}{}{}\n", c.name, c.ours, c.reference.empty() ? "" : ", against ", c.reference);
    }
    return 0;
  }

  initialize_benchmarks();
  std::vector<Row> rows;
  for (const Comparison& comparison : comparisons) {
    fmt::print(stderr, "measuring {} ({} of {})\n", comparison.name, rows.size() + 1, comparisons.size());
    rows.push_back({comparison, measure(comparison)});
  }
  fmt::print("{}", json ? json_report(rows) : markdown ? markdown_table(rows) : text_table(rows));
  return std::ranges::all_of(rows, [](const Row& row) { return row.measurement.holds; }) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // of a peer that has ended
  try {
    return run(argc, argv);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "error: {}\n", failure.what());
    return 2;
  }
}
