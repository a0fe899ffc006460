#include "wasi_gpu/forest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>

#include "wasi_gpu/arguments.hpp"

namespace gpu_host::wasi_gpu {
namespace {

constexpr std::uint32_t kMostRows = std::numeric_limits<std::int32_t>::max();
constexpr std::uint64_t kMostFeatures = 1 << 16;
constexpr std::uint32_t kMostBins = 255;

// A dimension of a source: so many elements, so many bytes apart.
struct Extent {
  std::uint32_t n;
  std::int64_t stride;
};

// Whether all elements lie inside `size` bytes.
bool is_inside(std::uint64_t size, std::uint64_t offset, std::uint64_t element, Extent rows, Extent columns) {
  __extension__ using Wide = __int128;
  Wide first = offset;
  Wide last = offset;
  for (const Extent extent : {rows, columns}) {
    const Wide reach = Wide{extent.stride} * (Wide{extent.n} - 1);
    (reach < 0 ? first : last) += reach;
  }
  return first >= 0 && last + Wide{element} <= Wide{size};
}

template <class Source>
void require_inside(Arguments& arguments, const Source& source, const Buffer* buffer, std::string_view name,
                    Extent rows, Extent columns) {
  if (buffer == nullptr) return;
  arguments.require(is_inside(buffer->size(), source.offset, size_of(source.element), rows, columns), [&] {
    return fmt::format(
        "{}: {} rows of {} columns, {} and {} bytes apart, at offset {} exceed the {} bytes of buffer {}", name, rows.n,
        columns.n, rows.stride, columns.stride, source.offset, buffer->size(), source.buffer);
  });
}

ForestColumns columns(Arguments& arguments, const Columns& from, std::uint32_t block, std::uint32_t n_rows) {
  const std::string name = fmt::format("features[{}]", block);
  const Buffer* const buffer = arguments.buffer(from.buffer, name);
  arguments.require(from.n_columns > 0, [&] { return name + ": n-columns must not be 0"; });
  require_inside(arguments, from, buffer, name, {n_rows, from.row_stride}, {from.n_columns, from.column_stride});
  return {buffer, from.element, from.offset, from.row_stride, from.column_stride, from.n_columns};
}

ForestNumbers numbers(Arguments& arguments, const Numbers& from, std::string_view name, std::uint32_t n_rows) {
  const Buffer* const buffer = arguments.buffer(from.buffer, name);
  require_inside(arguments, from, buffer, name, {n_rows, from.stride}, {1, 0});
  return {buffer, from.element, from.offset, from.stride};
}

std::optional<ForestNumbers> numbers(Arguments& arguments, const std::optional<Numbers>& from, std::string_view name,
                                     std::uint32_t n_rows) {
  if (!from) return std::nullopt;
  return numbers(arguments, *from, name, n_rows);
}

// The session's resource of a kind; keeps the error where it has none.
template <class Resource>
Resource* resource(Arguments& arguments, Session& session, ResourceHandle handle, std::string_view name) {
  auto* const found = session.resources().find<Resource>(handle);
  arguments.require(found != nullptr, [&] {
    return fmt::format("{}: {} is not a live {} of this instance", name, handle, Resource::kName);
  });
  return arguments ? found : nullptr;
}

// A growth that was not finished.
ForestGrowth* growth_of(Arguments& arguments, Session& session, ResourceHandle self) {
  const auto* const found = resource<GrowthResource>(arguments, session, self, "self");
  if (found == nullptr) return nullptr;
  arguments.require(found->growth != nullptr, [&] { return fmt::format("self: growth {} is finished", self); });
  return found->growth.get();
}

// What a call of an engine returns, on the stream's clock.
template <class Work, class Result = std::invoke_result_t<Work>>
Result perform(Stream& stream, std::string_view operation, const Work& work) {
  std::optional<Result> result;
  auto done = stream.perform(operation, [&]() -> GpuResult<void> {
    result = work();
    if (!*result) return std::unexpected(result->error());
    return {};
  });
  if (!done) return std::unexpected(std::move(done.error()));
  return *std::move(result);
}

// The same of a call that changes a growth, its caches included. What that is after an exception is not known: nothing
// can be done with it then.
template <class Work>
auto change(Session& session, Stream& stream, ResourceHandle growth, std::string_view operation, const Work& work) {
  try {
    return perform(stream, operation, work);
  } catch (...) {
    session.resources().find<GrowthResource>(growth)->growth = nullptr;
    throw;
  }
}

// Growth that has listed open nodes: what the steering calls need.
ForestGrowth* steered(Arguments& arguments, Session& session, ResourceHandle self) {
  ForestGrowth* const growth = growth_of(arguments, session, self);
  if (growth == nullptr) return nullptr;
  arguments.require(growth->n_open() > 0,
                    [&] { return fmt::format("self: growth {} has listed no open nodes", self); });
  return arguments ? growth : nullptr;
}

// The memory of an answer with an entry for each question, until the guest has it.
template <class Question, class Answer>
GpuResult<MemoryCharge> charge_answer(Session& session, const std::vector<Question>& questions) {
  MemoryCharge charge(session.buffers().memory());
  auto taken = charge.set(questions.size() * (sizeof(Question) + sizeof(Answer)));
  if (!taken) return std::unexpected(std::move(taken.error()));
  return charge;
}

void require_node(Arguments& arguments, std::string_view list, std::size_t place, std::uint32_t node,
                  const ForestGrowth* growth) {
  if (growth == nullptr) return;
  arguments.require(node < growth->n_open(), [&] {
    return fmt::format("{}[{}]: node {} is not one of {} open nodes", list, place, node, growth->n_open());
  });
}

void require_feature(Arguments& arguments, std::string_view list, std::size_t place, std::uint32_t feature,
                     std::uint32_t n_features) {
  arguments.require(feature < n_features, [&] {
    return fmt::format("{}[{}]: feature {} is not one of {}", list, place, feature, n_features);
  });
}

std::uint32_t n_features_of(Session& session, ResourceHandle growth) {
  return session.resources().find<GrowthResource>(growth)->data->n_features();
}

// Of the model's part that is written to a buffer.
struct Part {
  std::string_view of;  // what
  std::uint64_t first;
  std::uint64_t n;
  std::uint64_t all;
  std::uint64_t element;  // bytes
};

Buffer* output_of(Arguments& arguments, BufferId output, std::uint64_t offset, const Part& part) {
  arguments.require(part.first <= part.all && part.n <= part.all - part.first, [&] {
    return fmt::format("first: {} {} from number {} on are not in the model's {}", part.n, part.of, part.first,
                       part.all);
  });
  Buffer* const buffer = arguments.buffer(output, "output");
  arguments.range(buffer, "output", offset, saturating_product({part.n, part.element}));
  arguments.writable(buffer, "output");
  return arguments ? buffer : nullptr;
}

void require_growth_params(Arguments& arguments, const GrowthParams& params, const ForestData& data) {
  const auto require = [&](bool holds, const auto& message) { arguments.require(holds, message); };
  require(params.n_trees > 0, [] { return "n-trees: must not be 0"; });
  require(params.max_features >= 1 && params.max_features <= data.n_features(),
          [&] { return fmt::format("max-features: {} is not from 1 to {}", params.max_features, data.n_features()); });
  require(params.min_samples_split >= 2,
          [&] { return fmt::format("min-samples-split: {} is below 2", params.min_samples_split); });
  require(params.min_samples_leaf >= 1, [] { return "min-samples-leaf: must not be 0"; });
  require(std::isfinite(params.min_impurity_decrease) && params.min_impurity_decrease >= 0, [&] {
    return fmt::format("min-impurity-decrease: {} is not a finite number from 0 on", params.min_impurity_decrease);
  });
  require(!params.n_draws || (*params.n_draws >= 1 && *params.n_draws <= kMostRows),
          [&] { return fmt::format("n-draws: {} is not from 1 to {}", *params.n_draws, kMostRows); });
  require(!params.n_draws || !data.has_criterion_weights(),
          [] { return "n-draws: forests of a data set with criterion-weights grow without bootstrap"; });
  require(!params.balanced_subsample || data.n_classes() > 0,
          [] { return "balanced-subsample: a regression has no classes"; });
  require(!params.balanced_subsample || !data.has_criterion_weights(),
          [] { return "balanced-subsample: the data set has criterion-weights, which it would replace"; });
  require(!params.out_of_bag || params.n_draws,
          [] { return "out-of-bag: without n-draws no row is out of a tree's sample"; });
}

std::unexpected<GpuError> no_forests() {
  return gpu_error(GpuErrorCode::device_unavailable, "this backend does not grow forests");
}

}  // namespace

GpuResult<ResourceHandle> data_set_create(Session& session, const DataSetParams& params) {
  Arguments arguments(session);
  arguments.require(params.n_rows >= 1 && params.n_rows <= kMostRows,
                    [&] { return fmt::format("n-rows: {} is not from 1 to {}", params.n_rows, kMostRows); });
  arguments.require(params.n_classes == 0 || (params.n_classes >= 2 && params.n_classes <= forest::kMostClasses), [&] {
    return fmt::format("n-classes: {} is neither 0 nor from 2 to {}", params.n_classes, forest::kMostClasses);
  });
  arguments.require(params.max_bins >= 2 && params.max_bins <= kMostBins,
                    [&] { return fmt::format("max-bins: {} is not from 2 to {}", params.max_bins, kMostBins); });
  std::uint64_t n_features = 0;
  for (const Columns& block : params.features) n_features += block.n_columns;
  arguments.require(n_features >= 1 && n_features <= kMostFeatures,
                    [&] { return fmt::format("features: {} are not from 1 to {}", n_features, kMostFeatures); });
  ForestDataParams checked{.n_rows = params.n_rows,
                           .features = {},
                           .targets = {},
                           .n_classes = params.n_classes,
                           .draw_weights = {},
                           .criterion_weights = {},
                           .max_bins = params.max_bins,
                           .fine_bins = params.fine_bins,
                           .seed = params.seed};
  for (std::uint32_t block = 0; block < params.features.size() && arguments; ++block) {
    checked.features.push_back(columns(arguments, params.features[block], block, params.n_rows));
  }
  checked.targets = numbers(arguments, params.targets, "targets", params.n_rows);
  checked.draw_weights = numbers(arguments, params.draw_weights, "draw-weights", params.n_rows);
  checked.criterion_weights = numbers(arguments, params.criterion_weights, "criterion-weights", params.n_rows);
  if (!arguments) return arguments.error();

  ForestEngine* const engine = arguments.stream().forests();
  if (engine == nullptr) return no_forests();
  auto data = perform(arguments.stream(), "[static]data-set.create",
                      [&] { return engine->create_data(checked, session.buffers().memory()); });
  if (!data) return std::unexpected(std::move(data.error()));
  return session.resources().insert(DataSetResource{*std::move(data)});
}

GpuResult<std::vector<std::uint32_t>> data_set_constant_features(Session& session, ResourceHandle self) {
  Arguments arguments(session);
  const auto* const found = resource<DataSetResource>(arguments, session, self, "self");
  if (!arguments) return arguments.error();
  return found->data->constant_features();
}

GpuResult<ResourceHandle> growth_start(Session& session, ResourceHandle data, const GrowthParams& params) {
  Arguments arguments(session);
  const auto* const found = resource<DataSetResource>(arguments, session, data, "data");
  if (found != nullptr) require_growth_params(arguments, params, *found->data);
  if (!arguments) return arguments.error();
  const auto shared = found->data;
  const forest::Parameters parameters{
      .seed = params.seed,
      .n_trees = params.n_trees,
      .max_features = params.max_features == shared->n_features() ? 0 : params.max_features,
      .max_depth = params.max_depth.value_or(std::numeric_limits<std::uint32_t>::max()),
      .min_samples_split = params.min_samples_split,
      .min_samples_leaf = params.min_samples_leaf,
      .min_impurity_decrease = params.min_impurity_decrease,
      .n_draws = params.n_draws,
      .balanced_subsample = params.balanced_subsample,
  };
  auto growth = perform(arguments.stream(), "[static]growth.start", [&] {
    return arguments.stream().forests()->start(shared, parameters, params.out_of_bag, session.buffers().memory());
  });
  if (!growth) return std::unexpected(std::move(growth.error()));
  return session.resources().insert(GrowthResource{shared, *std::move(growth)});
}

GpuResult<std::uint32_t> growth_grow(Session& session, ResourceHandle self, std::uint32_t n_trees) {
  Arguments arguments(session);
  ForestGrowth* const growth = growth_of(arguments, session, self);
  if (!arguments) return arguments.error();
  auto grown = change(session, arguments.stream(), self, "[method]growth.grow", [&] { return growth->grow(n_trees); });
  if (!grown) return std::unexpected(std::move(grown.error()));
  return growth->n_finished();
}

GpuResult<std::vector<OpenNode>> growth_open_nodes(Session& session, ResourceHandle self, std::uint32_t n_trees) {
  Arguments arguments(session);
  ForestGrowth* const growth = growth_of(arguments, session, self);
  arguments.require(n_trees > 0, [] { return "n-trees: must not be 0"; });
  if (!arguments) return arguments.error();
  return change(session, arguments.stream(), self, "[method]growth.open-nodes",
                [&] { return growth->open_nodes(n_trees); });
}

GpuResult<std::vector<std::optional<FoundSplit>>> growth_best_splits(Session& session, ResourceHandle self) {
  Arguments arguments(session);
  ForestGrowth* const growth = steered(arguments, session, self);
  if (!arguments) return arguments.error();
  return change(session, arguments.stream(), self, "[method]growth.best-splits", [&] { return growth->best_splits(); });
}

GpuResult<std::vector<ValueRange>> growth_value_ranges(Session& session, ResourceHandle self,
                                                       const std::vector<NodeFeature>& of) {
  Arguments arguments(session);
  ForestGrowth* const growth = steered(arguments, session, self);
  for (std::size_t i = 0; i < of.size() && arguments; ++i) {
    require_node(arguments, "of", i, of[i].node, growth);
    require_feature(arguments, "of", i, of[i].feature, n_features_of(session, self));
  }
  if (!arguments) return arguments.error();
  const auto charge = charge_answer<NodeFeature, ValueRange>(session, of);
  if (!charge) return std::unexpected(charge.error());
  return perform(arguments.stream(), "[method]growth.value-ranges", [&] { return growth->value_ranges(of); });
}

GpuResult<std::vector<std::optional<FoundSplit>>> growth_evaluate(Session& session, ResourceHandle self,
                                                                  const std::vector<SplitCandidate>& candidates) {
  Arguments arguments(session);
  ForestGrowth* const growth = steered(arguments, session, self);
  for (std::size_t i = 0; i < candidates.size() && arguments; ++i) {
    require_node(arguments, "candidates", i, candidates[i].node, growth);
    require_feature(arguments, "candidates", i, candidates[i].split.feature, n_features_of(session, self));
  }
  if (!arguments) return arguments.error();
  const auto charge = charge_answer<SplitCandidate, std::optional<FoundSplit>>(session, candidates);
  if (!charge) return std::unexpected(charge.error());
  return perform(arguments.stream(), "[method]growth.evaluate", [&] { return growth->evaluate(candidates); });
}

GpuResult<void> growth_split_nodes(Session& session, ResourceHandle self, const std::vector<SplitDecision>& decisions) {
  Arguments arguments(session);
  ForestGrowth* const growth = steered(arguments, session, self);
  std::vector<bool> named(growth == nullptr ? 0 : growth->n_open());
  for (std::size_t i = 0; i < decisions.size() && arguments; ++i) {
    const SplitDecision& decision = decisions[i];
    require_node(arguments, "decisions", i, decision.node, growth);
    if (decision.split) {
      require_feature(arguments, "decisions", i, decision.split->feature, n_features_of(session, self));
    }
    if (!arguments) break;
    arguments.require(!named[decision.node],
                      [&] { return fmt::format("decisions[{}]: node {} is named twice", i, decision.node); });
    named[decision.node] = true;
  }
  if (!arguments) return arguments.error();
  return change(session, arguments.stream(), self, "[method]growth.split-nodes",
                [&] { return growth->split_nodes(decisions); });
}

GpuResult<void> growth_stop(Session& session, ResourceHandle self) {
  Arguments arguments(session);
  ForestGrowth* const growth = growth_of(arguments, session, self);
  if (!arguments) return arguments.error();
  return change(session, arguments.stream(), self, "[method]growth.stop", [&] { return growth->stop(); });
}

GpuResult<ResourceHandle> growth_finish(Session& session, ResourceHandle self) {
  Arguments arguments(session);
  ForestGrowth* const growth = growth_of(arguments, session, self);
  if (growth != nullptr && arguments) {
    arguments.require(growth->n_finished() == growth->n_trees(), [&] {
      return fmt::format("self: {} of {} trees are finished", growth->n_finished(), growth->n_trees());
    });
    arguments.require(growth->n_trees() > 0, [] { return "self: it was stopped before it had a tree"; });
  }
  if (!arguments) return arguments.error();
  // The handle first: a model that has none would be lost.
  auto handle = session.resources().insert(ModelResource{});
  if (!handle) return handle;
  struct DropWithoutModel {
    ResourceTable& resources;
    ResourceHandle model;
    ~DropWithoutModel() {
      if (resources.find<ModelResource>(model)->model == nullptr) (void)resources.drop<ModelResource>(model);
    }
  };
  const DropWithoutModel unless_made{session.resources(), *handle};
  auto model = change(session, arguments.stream(), self, "[method]growth.finish", [&] { return growth->finish(); });
  if (!model) return std::unexpected(std::move(model.error()));
  session.resources().find<ModelResource>(*handle)->model = *std::move(model);
  *session.resources().find<GrowthResource>(self) = {};  // it needs its data no longer
  return handle;
}

GpuResult<ForestShape> model_shape(Session& session, ResourceHandle self) {
  Arguments arguments(session);
  const auto* const found = resource<ModelResource>(arguments, session, self, "self");
  if (!arguments) return arguments.error();
  return found->model->shape();
}

GpuResult<std::vector<std::uint64_t>> model_tree_offsets(Session& session, ResourceHandle self) {
  Arguments arguments(session);
  const auto* const found = resource<ModelResource>(arguments, session, self, "self");
  if (!arguments) return arguments.error();
  return perform(arguments.stream(), "[method]model.tree-offsets", [&] { return found->model->tree_offsets(); });
}

GpuResult<void> model_write_nodes(Session& session, ResourceHandle self, std::uint64_t first, std::uint64_t n_nodes,
                                  BufferId output, std::uint64_t offset) {
  Arguments arguments(session);
  const auto* const found = resource<ModelResource>(arguments, session, self, "self");
  if (!arguments) return arguments.error();
  const Part part{"nodes", first, n_nodes, found->model->shape().n_nodes, kForestNodeBytes};
  Buffer* const buffer = output_of(arguments, output, offset, part);
  if (!arguments) return arguments.error();
  return perform(arguments.stream(), "[method]model.write-nodes",
                 [&] { return found->model->write_nodes(first, n_nodes, *buffer, offset); });
}

GpuResult<void> model_write_leaf_classes(Session& session, ResourceHandle self, std::uint64_t first,
                                         std::uint64_t n_leaves, BufferId output, std::uint64_t offset) {
  Arguments arguments(session);
  const auto* const found = resource<ModelResource>(arguments, session, self, "self");
  if (!arguments) return arguments.error();
  const ForestShape& shape = found->model->shape();
  arguments.require(shape.n_classes > 0, [] { return "self: a regression's leaves have no classes"; });
  const Part part{"leaves", first, n_leaves, shape.n_leaves, sizeof(std::uint32_t) * shape.n_classes};
  Buffer* const buffer = output_of(arguments, output, offset, part);
  if (!arguments) return arguments.error();
  return perform(arguments.stream(), "[method]model.write-leaf-classes",
                 [&] { return found->model->write_leaf_classes(first, n_leaves, *buffer, offset); });
}

GpuResult<std::vector<double>> model_importances(Session& session, ResourceHandle self) {
  Arguments arguments(session);
  const auto* const found = resource<ModelResource>(arguments, session, self, "self");
  if (!arguments) return arguments.error();
  return perform(arguments.stream(), "[method]model.importances", [&] { return found->model->importances(); });
}

GpuResult<void> model_write_out_of_bag(Session& session, ResourceHandle self, BufferId output, std::uint64_t offset) {
  Arguments arguments(session);
  const auto* const found = resource<ModelResource>(arguments, session, self, "self");
  if (!arguments) return arguments.error();
  arguments.require(found->model->has_out_of_bag(), [] { return "self: it was grown without out-of-bag"; });
  const std::uint64_t n_rows = found->model->n_rows();
  const std::uint64_t per_row = sizeof(double) * std::max(1U, found->model->shape().n_classes);
  Buffer* const buffer = output_of(arguments, output, offset, {"rows", 0, n_rows, n_rows, per_row});
  if (!arguments) return arguments.error();
  return perform(arguments.stream(), "[method]model.write-out-of-bag",
                 [&] { return found->model->write_out_of_bag(*buffer, offset); });
}

bool data_set_drop(Session& session, ResourceHandle handle) {
  return session.resources().drop<DataSetResource>(handle);
}

bool growth_drop(Session& session, ResourceHandle handle) { return session.resources().drop<GrowthResource>(handle); }

bool model_drop(Session& session, ResourceHandle handle) { return session.resources().drop<ModelResource>(handle); }

}  // namespace gpu_host::wasi_gpu
