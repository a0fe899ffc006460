#include "forest/interface.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "common/backends.hpp"
#include "wasi_gpu/compute.hpp"

namespace gpu_host::forest_test {
namespace {

constexpr std::size_t kF32 = sizeof(float);
constexpr std::size_t kF64 = sizeof(double);

template <class T>
void store(double value, std::byte* to) {
  const T element = static_cast<T>(value);
  std::memcpy(to, &element, sizeof(element));
}

Limits limits_of(const Tenant::Options& options) {
  Limits limits;
  limits.gpu_memory = options.memory.value_or(std::uint64_t{4} << 30U);
  return limits;
}

SessionOptions options_of(const Tenant::Options& options) {
  SessionOptions of_session;
  of_session.threads = options.threads;
  return of_session;
}

// Bytes from one element to the next; may be negative.
struct Strides {
  std::int64_t row;
  std::int64_t column;
};

// Where elements of a table lie: of row 0 and column 0 at `first`, in `size` bytes.
struct Place {
  std::uint64_t first;
  std::uint64_t size;
};

Place place_of(std::int64_t n_rows, std::int64_t n_columns, const Strides& strides, std::uint64_t element) {
  const std::int64_t rows = (n_rows - 1) * strides.row;
  const std::int64_t columns = (n_columns - 1) * strides.column;
  const std::int64_t before = std::max<std::int64_t>(0, -rows) + std::max<std::int64_t>(0, -columns);
  const std::int64_t after = std::max<std::int64_t>(0, rows) + std::max<std::int64_t>(0, columns);
  return {static_cast<std::uint64_t>(before), static_cast<std::uint64_t>(before + after) + element};
}

// Rows or columns first, with gaps, forwards or backwards.
Strides some_strides(Dice& dice, std::int64_t n_rows, std::int64_t n_columns, std::int64_t element) {
  const auto gap = [&] { return dice.one_in(2) ? 0 : std::int64_t{dice.number(1, 9)}; };
  const auto sign = [&] { return dice.one_in(3) ? -1 : 1; };
  const std::int64_t inner = element + gap();
  if (dice.one_in(2)) return {sign() * (n_columns * inner + gap()), sign() * inner};
  return {sign() * inner, sign() * (n_rows * inner + gap())};
}

BufferId some_buffer(Tenant& tenant, Dice& dice, std::vector<std::byte> bytes) {
  if (dice.one_in(3)) return tenant.upload(bytes);
  return tenant.share(std::move(bytes), dice.one_in(2));
}

std::vector<std::byte> some_bytes(Dice& dice, std::size_t size) {
  return std::vector<std::byte>(size, static_cast<std::byte>(dice.number(0, 255)));
}

// Columns [first, end) of a case.
Columns place_columns(Tenant& tenant, const Case& one, Dice& dice, std::uint32_t first, std::uint32_t end) {
  const ElementType element = dice.one_in(2) ? ElementType::float32 : ElementType::float64;
  const Strides strides = some_strides(dice, one.n_rows(), end - first, static_cast<std::int64_t>(size_of(element)));
  const auto [at, size] = place_of(one.n_rows(), end - first, strides, size_of(element));
  const std::uint64_t offset = at + dice.number(0, 7);
  std::vector<std::byte> bytes = some_bytes(dice, offset - at + size + dice.number(0, 7));
  for (std::uint32_t column = first; column < end; ++column) {
    for (std::uint32_t row = 0; row < one.n_rows(); ++row) {
      const std::int64_t place =
          static_cast<std::int64_t>(offset) + row * strides.row + (column - first) * strides.column;
      encode(one.data.columns[column][row], element, &bytes[static_cast<std::size_t>(place)]);
    }
  }
  return {some_buffer(tenant, dice, std::move(bytes)), element, offset, strides.row, strides.column, end - first};
}

Numbers place_numbers(Tenant& tenant, std::span<const double> values, Dice& dice, bool are_small) {
  const ElementType element = are_small ? ElementType::uint8 : ElementType::float64;
  const auto own = static_cast<std::int64_t>(size_of(element));
  const auto n_rows = static_cast<std::int64_t>(values.size());
  const Strides strides = some_strides(dice, n_rows, 1, own);
  const auto [at, size] = place_of(n_rows, 1, strides, size_of(element));
  const std::uint64_t offset = at + dice.number(0, 7);
  std::vector<std::byte> bytes = some_bytes(dice, offset - at + size + dice.number(0, 7));
  for (std::int64_t row = 0; row < n_rows; ++row) {
    encode(values[static_cast<std::size_t>(row)], element,
           &bytes[static_cast<std::size_t>(static_cast<std::int64_t>(offset) + row * strides.row)]);
  }
  return {some_buffer(tenant, dice, std::move(bytes)), element, offset, strides.row};
}

// Of a case, but for where its numbers are.
DataSetParams params_of(const Case& one) {
  return {.n_rows = one.n_rows(),
          .features = {},
          .targets = {},
          .n_classes = one.parameters.n_classes,
          .draw_weights = {},
          .criterion_weights = {},
          .max_bins = one.parameters.max_bins,
          .fine_bins = one.parameters.fine,
          .seed = one.parameters.seed};
}

std::vector<BufferId> buffers_of(const DataSetParams& params) {
  std::vector<BufferId> buffers{params.targets.buffer};
  for (const Columns& block : params.features) buffers.push_back(block.buffer);
  if (params.draw_weights) buffers.push_back(params.draw_weights->buffer);
  if (params.criterion_weights) buffers.push_back(params.criterion_weights->buffer);
  std::ranges::sort(buffers);
  buffers.erase(std::ranges::unique(buffers).begin(), buffers.end());
  return buffers;
}

// All of a row side by side, as a program has it that keeps an array of structures.
DataSetParams place_as_records(Tenant& tenant, const Case& one, Dice& dice) {
  const auto n_columns = static_cast<std::uint32_t>(one.data.columns.size());
  const std::uint64_t numbers = n_columns * kF32;
  const std::uint64_t record = numbers + 3 * kF64 + dice.number(0, 5);
  std::vector<std::byte> bytes = some_bytes(dice, record * one.n_rows());
  const auto put = [&](const std::vector<double>& values, std::uint64_t at) {
    for (std::size_t row = 0; row < values.size(); ++row) {
      encode(values[row], ElementType::float64, &bytes[row * record + at]);
    }
  };
  for (std::uint32_t column = 0; column < n_columns; ++column) {
    for (std::uint32_t row = 0; row < one.n_rows(); ++row) {
      encode(one.data.columns[column][row], ElementType::float32, &bytes[row * record + column * kF32]);
    }
  }
  put(one.data.targets, numbers);
  put(one.data.draw_weights, numbers + kF64);
  put(one.data.criterion_weights, numbers + 2 * kF64);
  const BufferId buffer = some_buffer(tenant, dice, std::move(bytes));
  const auto stride = static_cast<std::int64_t>(record);
  const auto at = [&](std::uint64_t offset) { return Numbers{buffer, ElementType::float64, offset, stride}; };
  DataSetParams params = params_of(one);
  params.features = {{buffer, ElementType::float32, 0, stride, kF32, n_columns}};
  params.targets = at(numbers);
  if (!one.data.draw_weights.empty()) params.draw_weights = at(numbers + kF64);
  if (!one.data.criterion_weights.empty()) params.criterion_weights = at(numbers + 2 * kF64);
  return params;
}

}  // namespace

Trees Trees::first(std::size_t n_trees, std::uint32_t n_classes) const {
  Trees some;
  some.offsets.assign(offsets.begin(), offsets.begin() + static_cast<std::ptrdiff_t>(n_trees) + 1);
  some.nodes.assign(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(some.offsets.back()));
  const auto n_leaves = std::ranges::count(some.nodes, -1, &ModelNode::feature);
  some.leaf_classes.assign(leaf_classes.begin(), leaf_classes.begin() + n_leaves * n_classes);
  return some;
}

Tenant::Tenant(const Options& options)
    : session_(
          [backend = options.backend]() -> Result<std::shared_ptr<Device>> {
            return test::usable_device(backend).device;
          },
          limits_of(options), options_of(options)) {}

BufferId Tenant::share(std::vector<std::byte> bytes, bool read_only) {
  const auto owner = std::make_shared<std::vector<std::byte>>(std::move(bytes));
  return must(session_.share({.bytes = *owner, .read_only = read_only, .owner = owner}));
}

BufferId Tenant::upload(std::span<const std::byte> bytes) {
  const BufferId buffer = must(wasi_gpu::buffer_create(session_, bytes.size(), {}));
  must(wasi_gpu::buffer_write(session_, buffer, 0, bytes));
  return buffer;
}

void Tenant::destroy(BufferId buffer) { must(wasi_gpu::buffer_destroy(session_, buffer)); }

void encode(double value, ElementType element, std::byte* to) {
  switch (element) {
    case ElementType::float16:
      return store<_Float16>(value, to);
    case ElementType::float32:
      return store<float>(value, to);
    case ElementType::float64:
      return store<double>(value, to);
    case ElementType::int8:
      return store<std::int8_t>(value, to);
    case ElementType::uint8:
      return store<std::uint8_t>(value, to);
    case ElementType::int16:
      return store<std::int16_t>(value, to);
    case ElementType::uint16:
      return store<std::uint16_t>(value, to);
    case ElementType::int32:
      return store<std::int32_t>(value, to);
    case ElementType::uint32:
      return store<std::uint32_t>(value, to);
    case ElementType::int64:
      return store<std::int64_t>(value, to);
    case ElementType::uint64:
      return store<std::uint64_t>(value, to);
  }
}

Placed place(Tenant& tenant, const Case& one) {
  DataSetParams params = params_of(one);
  std::vector<std::byte> table;
  for (const auto& column : one.data.columns) {
    const auto bytes = std::as_bytes(std::span(column));
    table.insert(table.end(), bytes.begin(), bytes.end());
  }
  const auto n_columns = static_cast<std::uint32_t>(one.data.columns.size());
  params.features = {{tenant.share(std::move(table)), ElementType::float32, 0, kF32,
                      static_cast<std::int64_t>(kF32 * one.n_rows()), n_columns}};
  const auto numbers = [&](const std::vector<double>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return Numbers{tenant.share({bytes.begin(), bytes.end()}), ElementType::float64, 0, kF64};
  };
  params.targets = numbers(one.data.targets);
  if (!one.data.draw_weights.empty()) params.draw_weights = numbers(one.data.draw_weights);
  if (!one.data.criterion_weights.empty()) params.criterion_weights = numbers(one.data.criterion_weights);
  return {params, buffers_of(params)};
}

Placed place_somehow(Tenant& tenant, const Case& one, Dice& dice) {
  DataSetParams params = params_of(one);
  if (dice.one_in(4)) {
    params = place_as_records(tenant, one, dice);
    return {params, buffers_of(params)};
  }
  const auto n_columns = static_cast<std::uint32_t>(one.data.columns.size());
  for (std::uint32_t first = 0; first < n_columns;) {
    const std::uint32_t end = dice.number(first + 1, n_columns);
    params.features.push_back(place_columns(tenant, one, dice, first, end));
    first = end;
  }
  params.targets = place_numbers(tenant, one.data.targets, dice, one.parameters.n_classes > 0);
  const auto weights = [&](const std::vector<double>& values) {
    return values.empty() ? std::optional<Numbers>() : place_numbers(tenant, values, dice, false);
  };
  params.draw_weights = weights(one.data.draw_weights);
  params.criterion_weights = weights(one.data.criterion_weights);
  return {params, buffers_of(params)};
}

void destroy(Tenant& tenant, const Placed& placed) {
  for (const BufferId buffer : placed.buffers) tenant.destroy(buffer);
}

ResourceHandle data_set_of(Tenant& tenant, const Case& one) {
  const Placed placed = place(tenant, one);
  auto data = wasi_gpu::data_set_create(tenant.session(), placed.params);
  destroy(tenant, placed);
  return must(std::move(data));
}

Case case_of(std::uint32_t seed) {
  Case one = random_case(seed);
  one.parameters.max_bins = std::max(2U, one.parameters.max_bins);
  return one;
}

GrowthParams growth_params(const Case& one, bool out_of_bag) {
  const forest_reference::Parameters& parameters = one.parameters;
  const bool has_depth = parameters.max_depth != std::numeric_limits<std::uint32_t>::max();
  const auto n_features = static_cast<std::uint32_t>(one.data.columns.size());
  return {.seed = parameters.seed,
          .n_trees = parameters.n_trees,
          .max_features = parameters.max_features == 0 ? n_features : parameters.max_features,
          .max_depth = has_depth ? std::optional(parameters.max_depth) : std::nullopt,
          .min_samples_split = parameters.min_samples_split,
          .min_samples_leaf = parameters.min_samples_leaf,
          .min_weight_fraction_leaf = parameters.min_weight_fraction_leaf,
          .min_impurity_decrease = parameters.min_impurity_decrease,
          .n_draws = parameters.n_draws,
          .balanced_subsample = parameters.balanced_subsample,
          .out_of_bag = out_of_bag,
          .leaf_targets = false};
}

Trees trees_of(Tenant& tenant, ResourceHandle model) {
  Session& session = tenant.session();
  const ForestShape shape = must(wasi_gpu::model_shape(session, model));
  Trees trees;
  trees.offsets = must(wasi_gpu::model_tree_offsets(session, model));
  trees.nodes = written<ModelNode>(tenant, shape.n_nodes, [&](BufferId to) {
    return wasi_gpu::model_write_nodes(session, model, 0, shape.n_nodes, to, 0);
  });
  if (shape.leaves != LeafKind::classes) return trees;
  trees.leaf_classes = written<std::uint32_t>(tenant, shape.n_leaves * shape.n_outputs, [&](BufferId to) {
    return wasi_gpu::model_write_leaf_values(session, model, 0, shape.n_leaves, to, 0);
  });
  return trees;
}

Trees finish(Tenant& tenant, ResourceHandle growth) {
  const ResourceHandle model = must(wasi_gpu::growth_finish(tenant.session(), growth));
  EXPECT_TRUE(wasi_gpu::growth_drop(tenant.session(), growth));
  Trees trees = trees_of(tenant, model);
  EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), model));
  return trees;
}

Trees grow(Tenant& tenant, ResourceHandle data, const GrowthParams& params) {
  const ResourceHandle growth = must(wasi_gpu::growth_start(tenant.session(), data, params));
  EXPECT_EQ(must(wasi_gpu::growth_grow(tenant.session(), growth, params.n_trees)), params.n_trees);
  return finish(tenant, growth);
}

Trees grow(Tenant& tenant, const Case& one) {
  const ResourceHandle data = data_set_of(tenant, one);
  Trees trees = grow(tenant, data, growth_params(one));
  EXPECT_TRUE(wasi_gpu::data_set_drop(tenant.session(), data));
  return trees;
}

ResourceHandle grow_model(Tenant& tenant, const Case& one, const GrowthParams& params) {
  Session& session = tenant.session();
  const ResourceHandle data = data_set_of(tenant, one);
  const ResourceHandle growth = must(wasi_gpu::growth_start(session, data, params));
  (void)must(wasi_gpu::growth_grow(session, growth, params.n_trees));
  const ResourceHandle model = must(wasi_gpu::growth_finish(session, growth));
  EXPECT_TRUE(wasi_gpu::growth_drop(session, growth));
  EXPECT_TRUE(wasi_gpu::data_set_drop(session, data));
  return model;
}

Table table_of(BufferId buffer, std::uint32_t n_rows, std::uint32_t n_features) {
  const auto stride = static_cast<std::int64_t>(n_features * kF32);
  return {n_rows, {{buffer, ElementType::float32, 0, stride, kF32, n_features}}};
}

Trees trees_of(const std::vector<forest_reference::Tree>& trees, std::uint32_t n_classes) {
  Trees all{.offsets = {0}, .nodes = {}, .leaf_classes = {}};
  for (const forest_reference::Tree& tree : trees) {
    for (const forest_reference::Node& node : tree) {
      if (node.feature >= 0) {
        all.nodes.push_back(
            {node.feature, node.threshold, node.left, node.left + (node.missing_left ? 0 : 1), node.weight});
        continue;
      }
      all.nodes.push_back({-1, n_classes == 0 ? node.of_model : 0, 0, 0, node.weight});
      for (std::uint32_t c = 0; c < n_classes; ++c) {
        all.leaf_classes.push_back(static_cast<std::uint32_t>(node.sums[c]));
      }
    }
    all.offsets.push_back(all.nodes.size());
  }
  return all;
}

void expect_same(const Trees& expected, const Trees& grown) {
  ASSERT_EQ(grown.offsets, expected.offsets);
  ASSERT_EQ(grown.nodes.size(), expected.nodes.size());
  for (std::size_t i = 0; i < expected.nodes.size(); ++i) {
    const ModelNode& node = expected.nodes[i];
    const ModelNode& own = grown.nodes[i];
    ASSERT_EQ(own.feature, node.feature) << "node " << i;
    ASSERT_EQ(own.value, node.value) << "node " << i;
    ASSERT_EQ(own.left, node.left) << "node " << i;
    ASSERT_EQ(own.missing, node.missing) << "node " << i;
    ASSERT_EQ(own.weight, node.weight) << "node " << i;
  }
  ASSERT_EQ(grown.leaf_classes, expected.leaf_classes);
}

}  // namespace gpu_host::forest_test
