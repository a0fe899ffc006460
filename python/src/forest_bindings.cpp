#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "failure.hpp"

namespace gpu_host_python {
namespace {

using namespace nb::literals;
using gpu_host::Module;

std::vector<Array> blocks_of(const nb::list& objects, const char* name) {
  std::vector<Array> blocks;
  blocks.reserve(objects.size());
  for (const nb::handle object : objects) blocks.emplace_back(object, name, Access::read);
  return blocks;
}

std::optional<Array> array_or_none(nb::handle object, const char* name) {
  if (object.is_none()) return std::nullopt;
  return std::optional<Array>(std::in_place, object, name, Access::read);
}

std::optional<Seconds> seconds_or_none(std::optional<double> seconds) {
  if (!seconds) return std::nullopt;
  return Seconds(*seconds);
}

std::unique_ptr<Forest> make(const Module& module, const Place& place) {
  const nb::gil_scoped_release released;
  return std::make_unique<Forest>(module, place);
}

std::unique_ptr<Forest> grow(const Module& module, const Place& place, const nb::list& blocks, nb::handle targets,
                             std::uint32_t n_classes, nb::handle draw_weights, nb::handle criterion_weights,
                             const nb::dict& params, std::optional<double> timeout, const nb::object& progress) {
  Training training;
  training.blocks = blocks_of(blocks, "X");
  training.targets = array_or_none(targets, "y");
  training.draw_weights = array_or_none(draw_weights, "weights");
  training.criterion_weights = array_or_none(criterion_weights, "weights");
  const auto number = [&params](const char* name) { return nb::cast<std::uint32_t>(params[name]); };
  training.params = {.seed = nb::cast<std::uint64_t>(params["seed"]),
                     .min_weight_fraction_leaf = nb::cast<double>(params["min_weight_fraction_leaf"]),
                     .min_impurity_decrease = nb::cast<double>(params["min_impurity_decrease"]),
                     .n_classes = n_classes,
                     .n_trees = number("n_trees"),
                     .max_depth = number("max_depth"),
                     .max_features = number("max_features"),
                     .min_samples_split = number("min_samples_split"),
                     .min_samples_leaf = number("min_samples_leaf"),
                     .n_draws = number("n_draws"),
                     .bootstrap = number("bootstrap"),
                     .balanced_subsample = number("balanced_subsample"),
                     .out_of_bag = number("out_of_bag"),
                     .leaf_targets = number("leaf_targets"),
                     .max_bins = number("max_bins")};
  Forest::Progress report;
  if (!progress.is_none()) report = [&progress](std::uint32_t n_trees) { progress(n_trees); };
  auto forest = make(module, place);
  forest->grow(std::move(training), seconds_or_none(timeout), report);
  return forest;
}

std::unique_ptr<Forest> load(const Module& module, const Place& place, nb::handle file) {
  const Array bytes(file, "model file", Access::read);
  auto forest = make(module, place);
  forest->load(bytes);
  return forest;
}

std::unique_ptr<Forest> import(const Module& module, const Place& place, nb::handle treelite) {
  const Array bytes(treelite, "Treelite model", Access::read);
  auto forest = make(module, place);
  forest->import(bytes);
  return forest;
}

std::unique_ptr<Forest> merge(const Module& module, const Place& place, const std::vector<Forest*>& forests) {
  auto merged = make(module, place);
  merged->merge(forests);
  return merged;
}

void predict(Forest& forest, const nb::list& blocks, std::uint32_t what, nb::handle output,
             std::optional<double> timeout) {
  forest.predict(blocks_of(blocks, "X"), what, Array(output, "output", Access::write), seconds_or_none(timeout));
}

// Of one table: the way of few rows.
void predict_table(Forest& forest, nb::handle rows, std::uint32_t what, nb::handle output) {
  std::vector<Array> blocks;
  blocks.emplace_back(rows, "X", Access::read);
  forest.predict(blocks, what, Array(output, "output", Access::write), std::nullopt);
}

nb::bytes bytes(const std::string& text) { return nb::bytes(text.data(), text.size()); }

}  // namespace

void bind_forest(nb::module_& module) {
  nb::class_<Forest>(module, "Forest")
      .def_static("grow", &grow, "module"_a, "place"_a, "blocks"_a, "targets"_a, "n_classes"_a, "draw_weights"_a.none(),
                  "criterion_weights"_a.none(), "params"_a, "timeout"_a = nb::none(), "progress"_a = nb::none())
      .def_static("load", &load, "module"_a, "place"_a, "file"_a)
      .def_static("from_treelite", &import, "module"_a, "place"_a, "treelite"_a)
      .def_static("merge", &merge, "module"_a, "place"_a, "forests"_a)
      .def("save", [](Forest& forest) { return bytes(forest.save()); })
      .def("to_treelite", [](Forest& forest) { return bytes(forest.to_treelite()); })
      .def("info", &Forest::info)
      .def("name",
           [](Forest& forest, std::uint32_t what, std::uint32_t index, const std::vector<std::string>& texts) {
             forest.name(static_cast<wasm_ml::EmbeddedNames>(what), index, texts);
           })
      .def("predict", &predict, "blocks"_a, "what"_a, "output"_a, "timeout"_a = nb::none())
      .def("predict_table", &predict_table, "rows"_a, "what"_a, "output"_a)
      .def("quantiles",
           [](Forest& forest, const nb::list& blocks, nb::handle quantiles, nb::handle output) {
             forest.quantiles(blocks_of(blocks, "X"), Array(quantiles, "quantiles", Access::read),
                              Array(output, "output", Access::write));
           })
      .def("importances",
           [](Forest& forest, nb::handle output) { forest.importances(Array(output, "output", Access::write)); })
      .def("out_of_bag",
           [](Forest& forest, nb::handle output) { forest.out_of_bag(Array(output, "output", Access::write)); })
      .def("tree_offsets",
           [](Forest& forest, nb::handle output) { forest.tree_offsets(Array(output, "output", Access::write)); })
      .def("nodes", [](Forest& forest, std::uint64_t first, std::uint64_t n_nodes,
                       nb::handle output) { forest.nodes(first, n_nodes, Array(output, "output", Access::write)); })
      .def_prop_ro("n_trees", [](const Forest& forest) { return forest.shape().n_trees; })
      .def_prop_ro("n_features", [](const Forest& forest) { return forest.shape().n_features; })
      .def_prop_ro("n_outputs", [](const Forest& forest) { return forest.shape().n_outputs; })
      .def_prop_ro("n_nodes", [](const Forest& forest) { return forest.shape().n_nodes; })
      .def_prop_ro("n_leaves", [](const Forest& forest) { return forest.shape().n_leaves; })
      .def_prop_ro("leaves", [](const Forest& forest) { return forest.shape().leaves; })
      .def_prop_ro("has_weights", [](const Forest& forest) { return forest.shape().has_weights != 0; })
      .def_prop_ro("has_leaf_targets", [](const Forest& forest) { return forest.shape().has_leaf_targets != 0; });
}

}  // namespace gpu_host_python
