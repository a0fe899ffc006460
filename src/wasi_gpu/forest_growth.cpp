#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "wasi_gpu/forest_calls.hpp"
#include "wasi_gpu/forest_sources.hpp"

namespace gpu_host::wasi_gpu {
namespace {

constexpr std::uint32_t kMostBins = 255;

// A growth that was not finished.
ForestGrowth* growth_of(Arguments& arguments, Session& session, ResourceHandle self) {
  const auto* const found = resource<GrowthResource>(arguments, session, self, "self");
  if (found == nullptr) return nullptr;
  arguments.require(found->growth != nullptr, [&] { return fmt::format("self: growth {} is finished", self); });
  return found->growth.get();
}

// perform() of a call that changes a growth, its caches included. What that is after an exception is not known: nothing
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
  return charge(session, questions.size() * (sizeof(Question) + sizeof(Answer)));
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
  return session.resources().find<GrowthResource>(growth)->n_features;
}

void require_growth_params(Arguments& arguments, const GrowthParams& params, const ForestData& data) {
  const auto require = [&](bool holds, const auto& message) { arguments.require(holds, message); };
  require(params.n_trees > 0, [] { return "n-trees: must not be 0"; });
  require(params.max_features >= 1 && params.max_features <= data.n_features(),
          [&] { return fmt::format("max-features: {} is not from 1 to {}", params.max_features, data.n_features()); });
  require(params.min_samples_split >= 2,
          [&] { return fmt::format("min-samples-split: {} is below 2", params.min_samples_split); });
  require(params.min_samples_leaf >= 1, [] { return "min-samples-leaf: must not be 0"; });
  require(params.min_weight_fraction_leaf >= 0 && params.min_weight_fraction_leaf <= 0.5, [&] {
    return fmt::format("min-weight-fraction-leaf: {} is not a number from 0 to 0.5", params.min_weight_fraction_leaf);
  });
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
  require(!params.leaf_targets || data.n_classes() == 0,
          [] { return "leaf-targets: leaves of a classification keep classes"; });
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
  const std::uint64_t n_features = count_columns(params.features);
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
  checked.features = features(arguments, session, params.features, params.n_rows);
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
      .min_weight_fraction_leaf = params.min_weight_fraction_leaf,
      .min_impurity_decrease = params.min_impurity_decrease,
      .n_draws = params.n_draws,
      .balanced_subsample = params.balanced_subsample,
  };
  const ForestExtras extras{.out_of_bag = params.out_of_bag, .leaf_targets = params.leaf_targets};
  auto growth = perform(arguments.stream(), "[static]growth.start", [&] {
    return arguments.stream().forests()->start(shared, parameters, extras, session.buffers().memory());
  });
  if (!growth) return std::unexpected(std::move(growth.error()));
  return session.resources().insert(GrowthResource{shared->n_features(), *std::move(growth)});
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
  *session.resources().find<GrowthResource>(self) = {};  // its memory is free at once
  return handle;
}

bool data_set_drop(Session& session, ResourceHandle handle) {
  return session.resources().drop<DataSetResource>(handle);
}

bool growth_drop(Session& session, ResourceHandle handle) { return session.resources().drop<GrowthResource>(handle); }

}  // namespace gpu_host::wasi_gpu
