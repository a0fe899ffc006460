#include "fuzz/forest_run.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/byte_reader.hpp"
#include "fuzz/check.hpp"
#include "fuzz/forest_tenant.hpp"
#include "wasi_gpu/compute.hpp"
#include "wasi_gpu/forest.hpp"

namespace gpu_host::fuzz {
namespace {

using wasi_gpu::Columns;
using wasi_gpu::DataSetParams;
using wasi_gpu::GrowthParams;
using wasi_gpu::ModelParams;
using wasi_gpu::Numbers;
using wasi_gpu::PartFlags;
using wasi_gpu::ResourceHandle;
using wasi_gpu::Table;

constexpr int kMaxSteps = 48;
constexpr std::array<std::uint32_t, 6> kInteresting{
    0, 1, 257, 0x7fff'ffff, 0x8000'0000, std::numeric_limits<std::uint32_t>::max()};

struct Data {
  DataSetParams params;
};
struct Growth {
  DataSetParams data;
  GrowthParams params;
  std::vector<OpenNode> open = {};  // as they were listed; none since the last change
  bool steered = false;             // by decisions, or stopped
  bool finished = false;
};
struct Model {
  DataSetParams data;
  GrowthParams params;
  bool steered;
  bool grown = true;  // here, not packed or made of nodes
  bool plain = true;  // its nodes say all there is of it
};
using Resource = std::variant<Data, Growth, Model>;

template <class T>
GpuResult<void> without_value(const GpuResult<T>& result) {
  return result ? GpuResult<void>() : std::unexpected(result.error());
}

bool is_out_of_memory(const GpuResult<void>& result) {
  return !result && result.error().code == GpuErrorCode::out_of_memory;
}

class Run {
 public:
  Run(ByteReader bytes, std::uint64_t quota) : bytes_(bytes), quota_(quota), tenant_(quota + 2 * kBytes) {
    at_start_ = tenant_.used();
  }

  void all() {
    for (int i = 0; i < kMaxSteps && !bytes_.empty(); ++i) {
      step();
      check(tenant_.used() <= quota_ + 2 * kBytes, "the quota is exceeded");
    }
    // In the order of handles, or the other.
    if (bytes_.u8() % 2 == 0) {
      while (!live_.empty()) drop(live_.begin()->first);
    } else {
      while (!live_.empty()) drop(live_.rbegin()->first);
    }
    check(tenant_.used() == at_start_, "{} bytes stay", tenant_.used() - at_start_);
  }

 private:
  Session& session() { return tenant_.session(); }

  // -- choices
  std::uint32_t below(std::uint32_t n) { return bytes_.u8() % n; }
  bool rarely() { return bytes_.u8() >= 244; }
  std::uint32_t sensible(std::uint32_t from, std::uint32_t to) {
    return rarely() ? kInteresting.at(below(kInteresting.size())) : from + below(to - from + 1);
  }
  ElementType element() {
    return below(2) == 0 ? ElementType::float32 : static_cast<ElementType>(below(kElementTypeCount));
  }
  std::int64_t stride() {
    if (rarely()) return static_cast<std::int64_t>(bytes_.u64());
    return below(2) == 0 ? 4 : static_cast<std::int64_t>(below(64)) - 16;
  }
  std::uint64_t offset() { return rarely() ? bytes_.u64() : std::uint64_t{below(128)} * 4; }

  ResourceHandle any_handle() {
    if (rarely() || live_.empty()) return sensible(0, 9);
    return std::next(live_.begin(), below(static_cast<std::uint32_t>(live_.size())))->first;
  }
  template <class Kind>
  ResourceHandle handle() {
    if (rarely()) return sensible(0, 8);
    std::vector<ResourceHandle> of_kind;
    for (const auto& [number, resource] : live_) {
      if (std::holds_alternative<Kind>(resource)) of_kind.push_back(number);
    }
    return of_kind.empty() ? 0 : of_kind[below(static_cast<std::uint32_t>(of_kind.size()))];
  }
  template <class Kind>
  Kind* find(ResourceHandle handle) {
    const auto found = live_.find(handle);
    return found == live_.end() ? nullptr : std::get_if<Kind>(&found->second);
  }

  Numbers numbers() { return {1 + below(2), element(), offset(), stride()}; }

  DataSetParams data_params() {
    DataSetParams params;
    params.n_rows = sensible(1, 64);
    const std::uint32_t n_blocks = 1 + below(2);
    for (std::uint32_t i = 0; i < n_blocks; ++i) {
      params.features.push_back({1 + below(2), element(), offset(), stride(), stride(), sensible(1, 3)});
    }
    params.targets = numbers();
    params.n_classes = below(2) == 0 ? 0 : sensible(2, 256);
    if (below(4) == 0) params.draw_weights = numbers();
    if (below(4) == 0) params.criterion_weights = numbers();
    params.max_bins = below(2) == 0 ? 255 : sensible(2, 20);
    params.fine_bins = below(4) != 0;
    params.seed = below(4);
    return params;
  }

  GrowthParams growth_params(const DataSetParams& data) {
    std::uint32_t n_features = 0;
    for (const Columns& block : data.features) n_features += block.n_columns;
    GrowthParams params;
    params.seed = below(3);
    params.n_trees = sensible(1, 5);
    params.max_features = below(2) == 0 ? n_features : sensible(1, std::max(1U, n_features));
    if (below(3) == 0) params.max_depth = sensible(0, 4);
    params.min_samples_split = below(2) == 0 ? 2 : sensible(2, 9);
    params.min_samples_leaf = below(2) == 0 ? 1 : sensible(1, 5);
    params.min_weight_fraction_leaf = below(4) == 0 ? below(60) * 0.01 - (rarely() ? 0.1 : 0) : 0;
    params.min_impurity_decrease = below(4) == 0 ? below(100) * 0.1 - (rarely() ? 5 : 0) : 0;
    if (below(2) == 0) params.n_draws = rarely() ? below(2) * 0x8000'0000U : 1 + below(100);
    params.balanced_subsample = rarely();
    params.out_of_bag = params.n_draws && below(3) == 0;
    params.leaf_targets = rarely() || (data.n_classes == 0 && below(3) == 0);
    return params;
  }

  // -- what came of a call
  void expect_error(const GpuResult<void>& result, GpuErrorCode code, std::string_view call) {
    check(!result && result.error().code == code, "{}: {}", call, result ? "it is taken" : describe(result.error()));
    check(code != GpuErrorCode::invalid_params || !result.error().message.empty(), "{}: an error without words", call);
  }
  // A call that nothing but memory may refuse.
  bool succeeds(const GpuResult<void>& result, std::string_view call) {
    check(result || result.error().code == GpuErrorCode::out_of_memory, "{}: {}", call,
          result ? "" : describe(result.error()));
    return result.has_value();
  }
  // A call on a growth: null where there is no such growth, which the result must say.
  template <class T>
  Growth* growth_of(ResourceHandle self, const GpuResult<T>& result, std::string_view call) {
    Growth* const growth = find<Growth>(self);
    if (growth != nullptr && !growth->finished) return growth;
    expect_error(without_value(result), GpuErrorCode::invalid_params, call);
    return nullptr;
  }

  // -- steps
  void step() {
    switch (below(16)) {
      case 0:
      case 1:
        return create();
      case 2:
      case 3:
        return start();
      case 4:
      case 5:
        return grow();
      case 6:
      case 7:
      case 8:
        return open_nodes();
      case 9:
        return ask();
      case 10:
      case 11:
        return split();
      case 12:
        return stop();
      case 13:
        return finish();
      case 14:
        return with_model();
      default:
        return drop(any_handle());
    }
  }

  template <class Kind>
  void publish(const GpuResult<ResourceHandle>& made, Kind kind) {
    check(*made == next_, "handle {} instead of {}", *made, next_);
    live_.emplace(next_++, std::move(kind));
  }

  void create() {
    const DataSetParams params = data_params();
    const std::uint64_t used = tenant_.used();
    const auto made = wasi_gpu::data_set_create(session(), params);
    if (made) return publish(made, Data{params});
    check(made.error().code == GpuErrorCode::out_of_memory || made.error().code == GpuErrorCode::invalid_params,
          "create: {}", describe(made.error()));
    check(tenant_.used() == used, "a data set that there is not takes {} bytes", tenant_.used() - used);
  }

  void start() {
    const ResourceHandle self = handle<Data>();
    const Data* const data = find<Data>(self);
    const GrowthParams params = growth_params(data == nullptr ? DataSetParams() : data->params);
    const auto made = wasi_gpu::growth_start(session(), self, params);
    if (made) {
      check(data != nullptr, "a growth of no data set");
      publish(made, Growth{data->params, params});
    } else if (data == nullptr) {
      expect_error(without_value(made), GpuErrorCode::invalid_params, "start");
    }
  }

  void grow() {
    const ResourceHandle self = handle<Growth>();
    // Not as many as it may have: that takes long.
    const auto grown = wasi_gpu::growth_grow(session(), self, below(8));
    Growth* const growth = growth_of(self, grown, "grow");
    if (growth == nullptr) return;
    growth->open.clear();
    if (succeeds(without_value(grown), "grow")) check(*grown <= growth->params.n_trees, "too many trees");
  }

  void open_nodes() {
    const ResourceHandle self = handle<Growth>();
    const auto open = wasi_gpu::growth_open_nodes(session(), self, 1 + below(4));
    Growth* const growth = growth_of(self, open, "open-nodes");
    if (growth == nullptr || !succeeds(without_value(open), "open-nodes")) return;
    growth->open = *open;
    for (const OpenNode& node : *open) {
      check(node.depth == open->front().depth && node.depth < growth->params.max_depth.value_or(1000), "wrong depth");
      check(node.rows >= growth->params.min_samples_split && node.weight >= node.rows, "an open node is too small");
      check(node.impurity >= 0, "impurity is below 0");
    }
  }

  std::uint32_t node_of(const Growth* growth) {
    const auto n = growth == nullptr ? 0 : static_cast<std::uint32_t>(growth->open.size());
    return rarely() || n == 0 ? sensible(0, 9) : below(std::min(n, 256U));
  }
  static std::uint32_t n_features(const Growth& growth) {
    std::uint32_t n = 0;
    for (const Columns& block : growth.data.features) n += block.n_columns;
    return n;
  }
  ForestSplit some_split() {
    const float threshold = rarely() ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(below(101));
    return {sensible(0, 3), threshold, below(2) == 0};
  }

  void ask() {
    const ResourceHandle self = handle<Growth>();
    const Growth* const known = find<Growth>(self);
    const NodeFeature of{node_of(known), sensible(0, 3)};
    const auto ranges = wasi_gpu::growth_value_ranges(session(), self, {of});
    const Growth* const growth = growth_of(self, ranges, "value-ranges");
    const auto best = wasi_gpu::growth_best_splits(session(), self);
    if (growth == nullptr) return expect_error(without_value(best), GpuErrorCode::invalid_params, "best-splits");
    // Without a list a growth that has open nodes may still know those of an earlier one.
    if (growth->open.empty()) return;
    check(best && best->size() == growth->open.size(), "best-splits: not of each node");
    if (of.node >= growth->open.size() || of.feature >= n_features(*growth)) {
      return expect_error(without_value(ranges), GpuErrorCode::invalid_params, "value-ranges");
    }
    if (!succeeds(without_value(ranges), "value-ranges")) return;
    check(ranges->size() == 1, "no range");
    const ValueRange range = ranges->front();
    const bool has_least_sides = growth->params.min_samples_leaf > 1 || growth->params.min_weight_fraction_leaf > 0;
    if (range.low > range.high || has_least_sides) return;
    for (const float threshold : {range.low, range.high}) {
      const auto found = wasi_gpu::growth_evaluate(session(), self, {{of.node, {of.feature, threshold, false}}});
      if (!succeeds(without_value(found), "evaluate")) return;
      check(found->front().has_value(), "a threshold in the range leaves a side empty");
      check(found->front()->decrease >= 0, "impurity increases");
    }
  }

  void split() {
    const ResourceHandle self = handle<Growth>();
    Growth* const known = find<Growth>(self);
    std::map<std::uint32_t, SplitDecision> decisions;
    const std::uint32_t n = below(3) == 0 ? below(4) : 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::uint32_t node = node_of(known);
      decisions[node] = {node, below(3) == 0 ? std::optional<ForestSplit>() : some_split()};
    }
    std::vector<SplitDecision> list;
    bool are_good = known != nullptr;
    for (const auto& [node, decision] : decisions) {
      list.push_back(decision);
      if (known == nullptr) continue;
      are_good &= node < known->open.size() && (!decision.split || decision.split->feature < n_features(*known));
      if (!are_good || !decision.split) continue;
      const auto found = wasi_gpu::growth_evaluate(session(), self, {{node, *decision.split}});
      if (!succeeds(without_value(found), "evaluate")) return;
      are_good = found->front().has_value();
    }
    if (!list.empty() && rarely()) {
      list.push_back(list.front());
      are_good = false;
    }
    const auto done = wasi_gpu::growth_split_nodes(session(), self, list);
    Growth* const growth = growth_of(self, done, "split-nodes");
    if (growth == nullptr || growth->open.empty()) return;
    if (!are_good) return expect_error(done, GpuErrorCode::invalid_params, "split-nodes");
    if (!succeeds(done, "split-nodes")) return;
    growth->open.clear();
    growth->steered |= !list.empty();
  }

  void stop() {
    const ResourceHandle self = handle<Growth>();
    const auto stopped = wasi_gpu::growth_stop(session(), self);
    Growth* const growth = growth_of(self, stopped, "stop");
    if (growth == nullptr || !succeeds(stopped, "stop")) return;
    growth->open.clear();
    growth->steered = true;
  }

  void finish() {
    const ResourceHandle self = handle<Growth>();
    const auto finished = wasi_gpu::growth_finish(session(), self);
    Growth* const growth = growth_of(self, finished, "finish");
    if (growth == nullptr) return;
    if (is_out_of_memory(without_value(finished))) {
      ++next_;  // the model's, had there been one
      return;
    }
    const auto grown = wasi_gpu::growth_grow(session(), self, 0);
    if (!finished) {
      check(grown && (*grown < growth->params.n_trees), "a whole forest is not finished");
      return expect_error(without_value(finished), GpuErrorCode::invalid_params, "finish");
    }
    growth->finished = true;
    const Model model{growth->data, growth->params, growth->steered};
    publish(finished, model);
    const auto shape = wasi_gpu::model_shape(session(), *finished);
    check(shape.has_value(), "no shape");
    const Trees trees = tenant_.trees_of(*finished);
    check_trees(trees, *shape);
    if (!model.steered) check(trees == in_one_go(model), "it is another model than one that is grown in one go");
  }

  // On a session of its own, with memory for it.
  static Trees in_one_go(const Model& model) {
    Tenant other(std::uint64_t{1} << 30U);
    const auto data = wasi_gpu::data_set_create(other.session(), model.data);
    check(data.has_value(), "no data set: {}", data ? "" : describe(data.error()));
    const auto growth = wasi_gpu::growth_start(other.session(), *data, model.params);
    check(growth && wasi_gpu::growth_grow(other.session(), *growth, model.params.n_trees), "nothing is grown");
    const auto made = wasi_gpu::growth_finish(other.session(), *growth);
    check(made.has_value(), "no model");
    return other.trees_of(*made);
  }

  void with_model() {
    switch (below(5)) {
      case 0:
        return use_model();
      case 1:
      case 2:
        return predict();
      case 3:
        return repack();
      default:
        return make_anew();
    }
  }

  void use_model() {
    const ResourceHandle self = handle<Model>();
    const Model* const model = find<Model>(self);
    const auto importances = wasi_gpu::model_importances(session(), self);
    const std::uint64_t first = sensible(0, 9);
    const std::uint64_t n = sensible(0, 9);
    const BufferId to = 1 + below(3);  // 3 is none
    // Not into the input.
    std::array<std::byte, 512> array{};
    const auto scratch = session().share({.bytes = array, .read_only = to == 2, .owner = nullptr});
    check(scratch.has_value(), "no buffer for output");
    const auto written = wasi_gpu::model_write_nodes(session(), self, first, n, to == 3 ? 0 : *scratch, offset());
    const auto leaves = wasi_gpu::model_write_leaf_values(session(), self, first, n, *scratch, offset());
    const auto out_of_bag = wasi_gpu::model_write_out_of_bag(session(), self, *scratch, offset());
    check(wasi_gpu::buffer_destroy(session(), *scratch).has_value(), "a buffer cannot be destroyed");
    if (model == nullptr) {
      expect_error(without_value(importances), GpuErrorCode::invalid_params, "importances");
      expect_error(leaves, GpuErrorCode::invalid_params, "write-leaf-values");
      expect_error(out_of_bag, GpuErrorCode::invalid_params, "write-out-of-bag");
      return;
    }
    if (!written) check(written.error().code != GpuErrorCode::out_of_memory, "write-nodes: out of memory");
    if (!model->grown) return;
    check(importances.has_value(), "no importances");
    double sum = 0;
    for (const double importance : *importances) sum += importance;
    check(sum == 0 || std::abs(sum - 1) < 1e-9, "importances make {}", sum);
  }

  // Mostly the rows that the model was grown from.
  Table some_rows(const Model* model) {
    Table rows{.n_rows = sensible(0, 12), .features = {}};
    if (model != nullptr && !rarely()) {
      rows.features = model->data.features;
      if (!rarely()) rows.n_rows = std::min(rows.n_rows, model->data.n_rows);
    } else {
      rows.features.push_back({1 + below(2), element(), offset(), stride(), stride(), sensible(1, 6)});
    }
    return rows;
  }

  GpuResult<void> predicted(ResourceHandle self, const Table& rows, ForestPrediction what, std::span<std::byte> into) {
    const auto scratch = session().share({.bytes = into, .read_only = false, .owner = nullptr});
    check(scratch.has_value(), "no buffer for output");
    auto done = wasi_gpu::model_predict(session(), self, rows, what, *scratch, 0);
    check(wasi_gpu::buffer_destroy(session(), *scratch).has_value(), "a buffer cannot be destroyed");
    return done;
  }

  // What is said of a row does not depend on the others.
  void predict() {
    const ResourceHandle self = handle<Model>();
    const Model* const model = find<Model>(self);
    const Table rows = some_rows(model);
    const auto what = static_cast<ForestPrediction>(below(kForestPredictionCount));
    std::array<std::byte, 1 << 14> all{};
    const auto done = predicted(self, rows, what, all);
    ask_for_quantiles(self, model, rows);
    if (model == nullptr) return expect_error(done, GpuErrorCode::invalid_params, "predict");
    if (!done) return;
    const auto shape = wasi_gpu::model_shape(session(), self);
    const std::uint64_t size = prediction_elements(*shape, what) * sizeof(float);
    check(size * rows.n_rows <= all.size(), "more is written than there is room for");
    Table row = rows;
    row.n_rows = 1;
    std::vector<std::byte> one(size);
    for (std::uint32_t i = 0; i < std::min(rows.n_rows, 12U); ++i) {
      const auto alone = predicted(self, row, what, one);
      if (!succeeds(alone, "predict a row")) return;
      check(std::ranges::equal(one, std::span(all).subspan(i * size, size)), "row {} is another one alone", i);
      for (Columns& block : row.features) block.offset += static_cast<std::uint64_t>(block.row_stride);
    }
  }

  void ask_for_quantiles(ResourceHandle self, const Model* model, const Table& rows) {
    const std::vector<double> quantiles{0, below(101) * 0.01, rarely() ? std::nan("") : 1};
    std::array<float, 64> values{};
    const auto scratch =
        session().share({.bytes = std::as_writable_bytes(std::span(values)), .read_only = false, .owner = nullptr});
    check(scratch.has_value(), "no buffer for output");
    const auto done = wasi_gpu::model_quantiles(session(), self, rows, quantiles, *scratch, 0);
    check(wasi_gpu::buffer_destroy(session(), *scratch).has_value(), "a buffer cannot be destroyed");
    if (model == nullptr) return expect_error(done, GpuErrorCode::invalid_params, "quantiles");
    if (!done) return;
    check(must_shape(self).has_leaf_targets && quantiles[2] == 1, "quantiles of nothing");
    for (std::size_t i = 0; i < rows.n_rows * quantiles.size(); i += quantiles.size()) {
      check(values.at(i) <= values.at(i + 1) && values.at(i + 1) <= values.at(i + 2), "quantiles are not in order");
    }
  }

  ForestShape must_shape(ResourceHandle model) {
    const auto shape = wasi_gpu::model_shape(session(), model);
    check(shape.has_value(), "no shape");
    return *shape;
  }

  // A model made of another: the same, where nothing was changed.
  void compare(ResourceHandle copy, ResourceHandle original, const Model& model) {
    const Table rows = some_rows(&model);
    std::array<std::byte, 1 << 12> expected{};
    std::array<std::byte, 1 << 12> own{};
    const auto what = static_cast<ForestPrediction>(below(kForestPredictionCount));
    const auto done = predicted(original, rows, what, expected);
    const auto again = predicted(copy, rows, what, own);
    if (is_out_of_memory(done) || is_out_of_memory(again)) return;
    check(done.has_value() == again.has_value(), "one of two same models predicts");
    check(expected == own, "two same models predict differently");
  }

  // Publishes a model that was made of another, which was changed on the way or not.
  void keep(const GpuResult<ResourceHandle>& made, ResourceHandle original, const Model& model, bool changed,
            std::string_view call) {
    if (!made) {
      const bool may_be = made.error().code == GpuErrorCode::out_of_memory ||
                          (changed && made.error().code == GpuErrorCode::invalid_params);
      check(may_be, "{}: {}", call, describe(made.error()));
      return;
    }
    Model copy = model;
    copy.grown = false;
    copy.plain &= !changed;
    publish(made, copy);
    if (!changed) return compare(*made, original, model);
    std::array<std::byte, 1 << 12> any{};
    (void)predicted(*made, some_rows(&model), ForestPrediction::outputs, any);
    (void)tenant_.trees_of(*made);
  }

  void change_some(std::span<std::byte> bytes) {
    for (std::uint32_t n = 1 + below(3); n > 0 && !bytes.empty(); --n) {
      bytes[bytes_.u64() % bytes.size()] = static_cast<std::byte>(bytes_.u8());
    }
  }

  void repack() {
    const ResourceHandle self = handle<Model>();
    const Model* const model = find<Model>(self);
    const std::uint32_t bits = rarely() ? sensible(0, 9) : below(4);
    const auto size = wasi_gpu::model_packed_size(session(), self, PartFlags{bits});
    if (model == nullptr) return expect_error(without_value(size), GpuErrorCode::invalid_params, "packed-size");
    const ForestShape shape = must_shape(self);
    const bool has_parts =
        bits < 4 && ((bits & 1U) == 0 || shape.has_weights) && ((bits & 2U) == 0 || shape.has_leaf_targets);
    if (!has_parts) return expect_error(without_value(size), GpuErrorCode::invalid_params, "packed-size");
    if (!succeeds(without_value(size), "packed-size")) return;
    std::vector<std::byte> bytes(*size);
    const auto buffer = session().share({.bytes = bytes, .read_only = false, .owner = nullptr});
    check(buffer.has_value(), "no buffer for a packed model");
    const auto packed = wasi_gpu::model_pack(session(), self, PartFlags{bits}, *buffer, 0);
    if (succeeds(packed, "pack")) {
      const bool changed = below(3) == 0;
      const Model source = *model;
      if (changed) change_some(bytes);
      keep(wasi_gpu::model_unpack(session(), *buffer, 0, *size), self, source, changed, "unpack");
    }
    check(wasi_gpu::buffer_destroy(session(), *buffer).has_value(), "a buffer cannot be destroyed");
  }

  void make_anew() {
    const ResourceHandle self = handle<Model>();
    const Model* const model = find<Model>(self);
    if (model == nullptr) return;
    const ForestShape shape = must_shape(self);
    if (shape.leaves != LeafKind::number && !has_values(shape)) return;
    Trees trees = tenant_.trees_of(self);
    ModelParams params;
    params.n_features = shape.n_features;
    params.leaves = shape.leaves;
    params.n_outputs = shape.n_outputs;
    params.average = true;
    params.tree_offsets = trees.offsets;
    const bool changed = below(3) == 0 || !model->plain;
    if (changed) {
      change_some(trees.nodes);
      if (below(2) == 0) change_some(std::as_writable_bytes(std::span(params.tree_offsets)));
      if (rarely()) params.base.push_back(1e300);
      if (rarely()) params.tree_outputs.push_back(below(2));
      if (rarely()) params.n_outputs = sensible(0, 300);
      if (rarely()) params.leaves = static_cast<LeafKind>(below(kLeafKindCount));
    }
    const auto nodes = session().share({.bytes = trees.nodes, .read_only = true, .owner = nullptr});
    check(nodes.has_value(), "no buffer for nodes");
    params.nodes = *nodes;
    std::optional<BufferId> classes;
    if (!trees.leaf_classes.empty()) {
      if (changed) change_some(trees.leaf_classes);
      const auto buffer = session().share({.bytes = trees.leaf_classes, .read_only = true, .owner = nullptr});
      check(buffer.has_value(), "no buffer for classes");
      classes = *buffer;
      params.leaf_values = {*buffer, 0};
    }
    const Model source = *model;
    keep(wasi_gpu::model_create(session(), params), self, source, changed, "create");
    check(wasi_gpu::buffer_destroy(session(), *nodes).has_value(), "a buffer cannot be destroyed");
    if (classes) check(wasi_gpu::buffer_destroy(session(), *classes).has_value(), "a buffer cannot be destroyed");
  }

  void drop(ResourceHandle handle) {
    const auto found = live_.find(handle);
    const std::size_t kind = found == live_.end() ? 3 : found->second.index();
    check(wasi_gpu::data_set_drop(session(), handle) == (kind == 0), "data-set {} is dropped wrongly", handle);
    check(wasi_gpu::growth_drop(session(), handle) == (kind == 1), "growth {} is dropped wrongly", handle);
    check(wasi_gpu::model_drop(session(), handle) == (kind == 2), "model {} is dropped wrongly", handle);
    if (found != live_.end()) live_.erase(found);
  }

  ByteReader bytes_;
  std::uint64_t quota_;
  Tenant tenant_;
  std::uint64_t at_start_ = 0;
  std::map<ResourceHandle, Resource> live_;
  ResourceHandle next_ = 1;
};

}  // namespace

void run_forest(std::span<const std::uint8_t> input) {
  ByteReader bytes(input);
  // Of a few growths, or hardly one.
  constexpr std::array<std::uint64_t, 4> kQuotas{1 << 22, 1 << 20, 1 << 18, 1 << 16};
  const std::uint64_t quota = kQuotas.at(bytes.u8() % kQuotas.size());
  Run(bytes, quota).all();
}

}  // namespace gpu_host::fuzz
