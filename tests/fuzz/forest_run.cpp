#include "fuzz/forest_run.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "backend/registry.hpp"
#include "fuzz/byte_reader.hpp"
#include "fuzz/check.hpp"
#include "wasi_gpu/compute.hpp"
#include "wasi_gpu/forest.hpp"

namespace gpu_host::fuzz {
namespace {

using wasi_gpu::Columns;
using wasi_gpu::DataSetParams;
using wasi_gpu::GrowthParams;
using wasi_gpu::Numbers;
using wasi_gpu::ResourceHandle;

constexpr int kMaxSteps = 48;
constexpr std::uint64_t kBytes = 2048;  // of each of the buffers
constexpr std::array<std::uint32_t, 6> kInteresting{
    0, 1, 257, 0x7fff'ffff, 0x8000'0000, std::numeric_limits<std::uint32_t>::max()};

struct Node {
  std::int32_t feature;
  float value;
  std::uint32_t left;
  std::uint32_t missing;
  std::uint32_t weight;
};
static_assert(sizeof(Node) == kForestNodeBytes);

struct Trees {
  std::vector<std::uint64_t> offsets;
  std::vector<std::byte> nodes;
  std::vector<std::byte> leaf_classes;
  friend bool operator==(const Trees&, const Trees&) = default;
};

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
};
using Resource = std::variant<Data, Growth, Model>;

template <class T>
GpuResult<void> without_value(const GpuResult<T>& result) {
  return result ? GpuResult<void>() : std::unexpected(result.error());
}

// A session with the buffers 1 and 2: numbers, and any bytes.
class Tenant {
 public:
  explicit Tenant(std::uint64_t quota)
      : session_([] { return open_device({.backend = "cpu"}); }, limits(quota), one_thread()) {
    std::vector<std::byte> bytes(kBytes);
    for (std::size_t i = 0; i < kBytes / sizeof(float); ++i) {
      const float value = i % 61 == 60 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(i * 37 % 101);
      std::memcpy(&bytes[i * sizeof(value)], &value, sizeof(value));
    }
    add(bytes);
    for (std::size_t i = 0; i < kBytes; ++i) bytes[i] = static_cast<std::byte>(i * i * 7 % 251);
    add(bytes);
  }

  Session& session() { return session_; }
  std::uint64_t used() { return session_.buffers().memory().used(); }

  template <class Write>
  std::vector<std::byte> written(std::uint64_t size, const Write& write) {
    std::vector<std::byte> bytes(size);
    if (size == 0) return bytes;
    const auto buffer = session_.share({.bytes = bytes, .read_only = false, .owner = nullptr});
    check(buffer.has_value(), "no buffer for output");
    check(write(*buffer).has_value(), "a model cannot be written");
    check(wasi_gpu::buffer_destroy(session_, *buffer).has_value(), "a buffer cannot be destroyed");
    return bytes;
  }

  Trees trees_of(ResourceHandle model) {
    const auto shape = wasi_gpu::model_shape(session_, model);
    check(shape.has_value(), "no shape");
    const auto offsets = wasi_gpu::model_tree_offsets(session_, model);
    check(offsets.has_value(), "no offsets");
    const auto nodes = written(shape->n_nodes * kForestNodeBytes, [&](BufferId to) {
      return wasi_gpu::model_write_nodes(session_, model, 0, shape->n_nodes, to, 0);
    });
    if (shape->n_classes == 0) return {*offsets, nodes, {}};
    return {*offsets, nodes, written(shape->n_leaves * shape->n_classes * sizeof(std::uint32_t), [&](BufferId to) {
              return wasi_gpu::model_write_leaf_classes(session_, model, 0, shape->n_leaves, to, 0);
            })};
  }

 private:
  static Limits limits(std::uint64_t quota) {
    Limits limits;
    limits.gpu_memory = quota;
    return limits;
  }
  static SessionOptions one_thread() {
    SessionOptions options;
    options.threads = 1;
    return options;
  }
  void add(std::span<const std::byte> bytes) {
    const auto buffer = wasi_gpu::buffer_create(session_, bytes.size(), {});
    check(buffer && wasi_gpu::buffer_write(session_, *buffer, 0, bytes), "no buffer for input");
  }

  Session session_;
};

// What every model is, whoever chose its splits.
void check_trees(const Trees& trees, const ForestShape& shape) {
  check(trees.offsets.size() == shape.n_trees + std::size_t{1} && trees.offsets.back() == shape.n_nodes,
        "offsets do not end with the nodes");
  std::vector<Node> nodes(shape.n_nodes);
  if (!nodes.empty()) std::memcpy(nodes.data(), trees.nodes.data(), trees.nodes.size());
  std::uint64_t n_leaves = 0;
  for (std::uint32_t tree = 0; tree < shape.n_trees; ++tree) {
    const std::span own = std::span(nodes).subspan(trees.offsets[tree], trees.offsets[tree + 1] - trees.offsets[tree]);
    std::uint32_t next = 1;
    for (const Node& node : own) {
      if (node.feature == -1) {
        check(node.left == 0 && node.missing == 0, "a leaf has children");
        check(std::isfinite(node.value), "a leaf's value is not finite");
        ++n_leaves;
        continue;
      }
      check(node.feature >= 0 && static_cast<std::uint32_t>(node.feature) < shape.n_features, "no such feature");
      check(!std::isnan(node.value), "a threshold is not a number");
      check(node.left == next && node.left + 1 < own.size(), "children are not in order");
      check(node.missing == node.left || node.missing == node.left + 1, "missing values go nowhere");
      check(own[node.left].weight > 0 && own[node.left + 1].weight > 0, "a side is empty");
      check(own[node.left].weight + own[node.left + 1].weight == node.weight, "the sides do not make the node");
      next += 2;
    }
    check(next == own.size(), "nodes that are nobody's children");
  }
  check(n_leaves == shape.n_leaves, "leaves are not counted well");
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
    params.min_impurity_decrease = below(4) == 0 ? below(100) * 0.1 - (rarely() ? 5 : 0) : 0;
    if (below(2) == 0) params.n_draws = rarely() ? below(2) * 0x8000'0000U : 1 + below(100);
    params.balanced_subsample = rarely();
    params.out_of_bag = params.n_draws && below(3) == 0;
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
        return use_model();
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
    check(ranges && ranges->size() == 1, "no range");
    const ValueRange range = ranges->front();
    if (range.low > range.high || growth->params.min_samples_leaf > 1) return;
    for (const float threshold : {range.low, range.high}) {
      const auto found = wasi_gpu::growth_evaluate(session(), self, {{of.node, {of.feature, threshold, false}}});
      check(found && found->front(), "a threshold in the range leaves a side empty");
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
      check(found.has_value(), "evaluate: {}", found ? "" : describe(found.error()));
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
    const auto leaves = wasi_gpu::model_write_leaf_classes(session(), self, first, n, *scratch, offset());
    const auto out_of_bag = wasi_gpu::model_write_out_of_bag(session(), self, *scratch, offset());
    check(wasi_gpu::buffer_destroy(session(), *scratch).has_value(), "a buffer cannot be destroyed");
    if (model == nullptr) {
      expect_error(without_value(importances), GpuErrorCode::invalid_params, "importances");
      expect_error(leaves, GpuErrorCode::invalid_params, "write-leaf-classes");
      expect_error(out_of_bag, GpuErrorCode::invalid_params, "write-out-of-bag");
      return;
    }
    if (!written) check(written.error().code != GpuErrorCode::out_of_memory, "write-nodes: out of memory");
    check(importances.has_value(), "no importances");
    double sum = 0;
    for (const double importance : *importances) sum += importance;
    check(sum == 0 || std::abs(sum - 1) < 1e-9, "importances make {}", sum);
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
