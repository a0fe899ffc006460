// wasm_ml's exports (guest/wasm_ml/embedding.hpp): arrays of this program are buffers of the module.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embedding.hpp"
#include "gpu_host/host.hpp"
#include "gpu_host/instance.hpp"

namespace gpu_host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint32_t kFloat32 = 1;
constexpr std::uint32_t kFloat64 = 2;
constexpr std::uint32_t kUint8 = 4;
constexpr std::int64_t kStart = 0;

using Training = wasm_ml::EmbeddedTraining;

class WasmMlEmbedding : public testing::Test {
 protected:
  static Instance instance() {
    InstanceOptions options;
    options.device.backend = "cpu";
    options.inherit_stdio = false;
    const Host host = Host::create({}).value();
    return Instance::create(host.load_file(WGH_WASM_ML).value(), options).value();
  }

  template <class Array>
  std::int32_t share(Array& array) {
    return static_cast<std::int32_t>(instance_.share(std::as_writable_bytes(std::span(array))).value());
  }

  std::int64_t call(std::string_view function, const std::vector<Value>& arguments) {
    const auto results = instance_.call(function, arguments);
    EXPECT_TRUE(results) << (results ? "" : results.error().message);
    if (!results) return std::numeric_limits<std::int64_t>::min();
    const Value& result = results->at(0);
    return std::holds_alternative<std::int64_t>(result) ? std::get<std::int64_t>(result)
                                                        : std::get<std::int32_t>(result);
  }

  // What a call that gives a number of bytes leaves to be taken.
  std::string take(std::int64_t size) {
    std::string text(static_cast<std::size_t>(std::max<std::int64_t>(size, 4)), ' ');
    EXPECT_EQ(call("wasm_ml_take", {share(text), kStart}), 0);
    text.resize(static_cast<std::size_t>(size));
    return text;
  }

  std::string error() { return take(call("wasm_ml_error", {})); }

  // A block of the two columns of kRows rows that features_ has, side by side.
  wasm_ml::EmbeddedColumns columns(std::uint32_t element = kFloat32) {
    return {.buffer = static_cast<std::uint32_t>(features_buffer_),
            .element = element,
            .row_stride = 8,
            .column_stride = 4,
            .n_columns = 2};
  }

  // Of kRows rows: y = 3 a where b < 0.5, else -a.
  std::int32_t start(std::uint32_t n_classes, Training training = {}) {
    for (std::size_t i = 0; i < kRows; ++i) {
      features_[2 * i] = static_cast<float>(i % 37) / 37;
      features_[2 * i + 1] = static_cast<float>(i % 11) / 11;
      const float value = (features_[2 * i + 1] < 0.5F ? 3 : -1) * features_[2 * i];
      targets_[i] = n_classes == 0 ? static_cast<double>(value) : (value > 0.5F ? 2 : value > 0 ? 1 : 0);
    }
    if (features_buffer_ == 0) {
      features_buffer_ = share(features_);
      targets_buffer_ = share(targets_);
      blocks_ = {columns()};
      blocks_buffer_ = share(blocks_);
    }
    training.columns = static_cast<std::uint32_t>(blocks_buffer_);
    training.targets = {.buffer = static_cast<std::uint32_t>(targets_buffer_), .element = kFloat64, .stride = 8};
    training.n_rows = kRows;
    training.n_classes = n_classes;
    trainings_.push_back({training});
    return static_cast<std::int32_t>(call("wasm_ml_start", {share(trainings_.back()), kStart}));
  }

  std::int32_t train(std::uint32_t n_classes, const Training& training = {}) {
    const std::int32_t growth = start(n_classes, training);
    if (growth < 0) return growth;
    const auto n_trees = static_cast<std::int32_t>(training.n_trees);
    EXPECT_EQ(call("wasm_ml_grow", {growth, n_trees}), n_trees);
    return static_cast<std::int32_t>(call("wasm_ml_finish", {growth}));
  }

  wasm_ml::EmbeddedShape shape(std::int32_t model) {
    std::vector<wasm_ml::EmbeddedShape> shape(1);
    EXPECT_EQ(call("wasm_ml_shape", {model, share(shape), kStart}), 0);
    return shape.front();
  }

  std::vector<float> predict(std::int32_t model, std::size_t n_numbers, std::int32_t n_rows = kRows) {
    outputs_.emplace_back(n_numbers);
    EXPECT_EQ(call("wasm_ml_predict", {model, blocks_buffer_, kStart, std::int32_t{1}, n_rows, std::int32_t{0},
                                       share(outputs_.back()), kStart}),
              0)
        << error();
    return outputs_.back();
  }

  std::int64_t name(std::int32_t model, wasm_ml::EmbeddedNames what, const std::vector<std::string>& texts,
                    std::int32_t index = 0) {
    std::string bytes;
    for (const std::string& text : texts) {
      const auto size = static_cast<std::uint32_t>(text.size());
      bytes.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(text);
    }
    const auto size = static_cast<std::int64_t>(bytes.size());
    return call("wasm_ml_name", {model, static_cast<std::int32_t>(what), index, share(bytes), kStart, size});
  }

  static constexpr std::int32_t kRows = 500;
  std::vector<float> features_ = std::vector<float>(2 * std::size_t{kRows});
  std::vector<double> targets_ = std::vector<double>(kRows);
  std::vector<wasm_ml::EmbeddedColumns> blocks_;
  std::deque<std::vector<Training>> trainings_;
  std::deque<std::vector<float>> outputs_;
  std::int32_t features_buffer_ = 0;
  std::int32_t targets_buffer_ = 0;
  std::int32_t blocks_buffer_ = 0;
  Instance instance_ = instance();
};

TEST_F(WasmMlEmbedding, TrainsAndPredictsARegression) {
  const std::int32_t model = train(0);
  ASSERT_GT(model, 0) << error();
  EXPECT_EQ(shape(model).n_outputs, 1U);
  const std::vector<float> predictions = predict(model, kRows);
  for (std::size_t i = 0; i < kRows; ++i) EXPECT_NEAR(predictions[i], targets_[i], 0.25) << i;
  std::vector<double> importances(2);
  EXPECT_EQ(call("wasm_ml_importances", {model, share(importances), kStart}), 0);
  EXPECT_NEAR(importances[0] + importances[1], 1, 1e-9);
}

TEST_F(WasmMlEmbedding, TrainsAndPredictsClasses) {
  const std::int32_t model = train(3);
  ASSERT_GT(model, 0) << error();
  EXPECT_EQ(shape(model).n_outputs, 3U);
  const std::vector<float> probabilities = predict(model, 3 * std::size_t{kRows});
  std::size_t n_right = 0;
  for (std::size_t i = 0; i < kRows; ++i) {
    const auto row = std::span(probabilities).subspan(3 * i, 3);
    EXPECT_NEAR(row[0] + row[1] + row[2], 1, 1e-6);
    n_right += row[static_cast<std::size_t>(targets_[i])] > 0.5F ? 1 : 0;
  }
  EXPECT_GT(n_right, std::size_t{kRows} * 95 / 100);
}

TEST_F(WasmMlEmbedding, SavesAndLoads) {
  const std::int32_t model = train(0, {.seed = 7, .n_trees = 5});
  const std::vector<float> before = predict(model, kRows);
  std::vector<std::uint8_t> file(static_cast<std::size_t>(call("wasm_ml_save_size", {model})));
  const std::int32_t buffer = share(file);
  ASSERT_EQ(call("wasm_ml_save", {model, buffer, kStart}), 0) << error();
  EXPECT_EQ(call("wasm_ml_drop", {model}), 0);
  const std::vector<Value> load{buffer, kStart, static_cast<std::int64_t>(file.size())};
  const auto loaded = static_cast<std::int32_t>(call("wasm_ml_load", load));
  ASSERT_GT(loaded, model) << error();
  EXPECT_EQ(predict(loaded, kRows), before);
  file[file.size() / 2] ^= 1;
  EXPECT_EQ(call("wasm_ml_load", load), -1);
  EXPECT_THAT(error(), HasSubstr("damaged"));
}

TEST_F(WasmMlEmbedding, OneRowIsAsOfMany) {
  const std::int32_t model = train(0);
  EXPECT_EQ(predict(model, 1, 1).at(0), predict(model, kRows).at(0));
}

TEST_F(WasmMlEmbedding, GrowsInSteps) {
  const std::int32_t whole = train(0, {.n_trees = 6});
  const std::int32_t growth = start(0, {.n_trees = 6});
  ASSERT_GT(growth, 0) << error();
  EXPECT_EQ(call("wasm_ml_finish", {growth}), -1);
  EXPECT_EQ(call("wasm_ml_grow", {growth, std::int32_t{4}}), 4);
  EXPECT_EQ(call("wasm_ml_grow", {growth, std::int32_t{4}}), 6);
  const auto model = static_cast<std::int32_t>(call("wasm_ml_finish", {growth}));
  EXPECT_EQ(predict(model, kRows), predict(whole, kRows));
  EXPECT_EQ(call("wasm_ml_grow", {growth, std::int32_t{1}}), -1);
  const std::int32_t dropped = start(0);
  EXPECT_EQ(call("wasm_ml_drop_growth", {dropped}), 0);
  EXPECT_EQ(call("wasm_ml_drop_growth", {dropped}), -1);
}

// The mean of trees is of all of them, whoever grew them.
TEST_F(WasmMlEmbedding, MergesModels) {
  for (const std::uint32_t n_classes : {0U, 3U}) {
    const std::size_t width = std::max(1U, n_classes);
    std::vector<std::int32_t> models{train(n_classes, {.seed = 1, .n_trees = 3}),
                                     train(n_classes, {.seed = 2, .n_trees = 5})};
    const auto merged = static_cast<std::int32_t>(call("wasm_ml_merge", {share(models), kStart, std::int32_t{2}}));
    ASSERT_GT(merged, 0) << error();
    EXPECT_EQ(shape(merged).n_trees, 8U);
    EXPECT_EQ(shape(merged).n_nodes, shape(models[0]).n_nodes + shape(models[1]).n_nodes);
    const auto first = predict(models[0], kRows * width);
    const auto second = predict(models[1], kRows * width);
    const auto both = predict(merged, kRows * width);
    for (std::size_t i = 0; i < both.size(); ++i) EXPECT_NEAR(both[i], (3 * first[i] + 5 * second[i]) / 8, 1e-5);
    std::vector<double> importances(2);
    EXPECT_EQ(call("wasm_ml_importances", {merged, share(importances), kStart}), 0);
    EXPECT_NEAR(importances[0] + importances[1], 1, 1e-9);
  }
  std::vector<std::int32_t> models{train(0), train(3)};
  EXPECT_EQ(call("wasm_ml_merge", {share(models), kStart, std::int32_t{2}}), -1);
  EXPECT_THAT(error(), HasSubstr("other columns or classes"));
}

TEST_F(WasmMlEmbedding, NamesWhatWasNumbered) {
  using wasm_ml::EmbeddedNames;
  const std::int32_t model = train(3, {.n_trees = 2});
  EXPECT_EQ(name(model, EmbeddedNames::features, {"a", "b"}), 0) << error();
  EXPECT_EQ(name(model, EmbeddedNames::categories, {"low", "high"}, 1), 0) << error();
  EXPECT_EQ(name(model, EmbeddedNames::classes, {"x", "y", "z"}), 0) << error();
  EXPECT_EQ(name(model, EmbeddedNames::target, {"t"}), 0) << error();
  const std::string info = take(call("wasm_ml_info", {model}));
  EXPECT_THAT(info, HasSubstr(R"("classes": ["x", "y", "z"])"));
  EXPECT_THAT(info, HasSubstr(R"("name": "b", "categories": ["low", "high"])"));
  EXPECT_THAT(info, HasSubstr(R"("target": "t")"));
  EXPECT_EQ(name(model, EmbeddedNames::features, {"a"}), -1);
  EXPECT_EQ(error(), "names: 1, not 2");
  EXPECT_EQ(name(model, EmbeddedNames::features, {"a", "a"}), -1);
  EXPECT_EQ(name(model, EmbeddedNames::categories, {"a"}, 2), -1);
  EXPECT_EQ(name(model, EmbeddedNames{9}, {"a"}), -1);
  EXPECT_EQ(take(call("wasm_ml_info", {model})), info);
}

TEST_F(WasmMlEmbedding, GoesToTreeliteAndBack) {
  const std::int32_t model = train(0, {.n_trees = 4});
  std::string treelite = take(call("wasm_ml_export", {model}));
  const auto imported = static_cast<std::int32_t>(
      call("wasm_ml_import", {share(treelite), kStart, static_cast<std::int64_t>(treelite.size())}));
  ASSERT_GT(imported, 0) << error();
  EXPECT_EQ(predict(imported, kRows), predict(model, kRows));
  treelite.resize(treelite.size() / 2);
  EXPECT_EQ(call("wasm_ml_import", {share(treelite), kStart, static_cast<std::int64_t>(treelite.size())}), -1);
}

TEST_F(WasmMlEmbedding, TellsQuantilesOutOfBagAndNodes) {
  const std::int32_t model = train(0, {.out_of_bag = 1, .leaf_targets = 1});
  std::vector<double> quantiles{0, 0.5, 1};
  std::vector<float> values(3 * std::size_t{kRows});
  ASSERT_EQ(call("wasm_ml_quantiles", {model, blocks_buffer_, kStart, std::int32_t{1}, kRows, share(quantiles),
                                       std::int32_t{3}, share(values), kStart}),
            0)
      << error();
  std::vector<double> out_of_bag(kRows);
  ASSERT_EQ(call("wasm_ml_out_of_bag", {model, share(out_of_bag), kStart}), 0) << error();
  for (std::size_t i = 0; i < kRows; ++i) {
    EXPECT_LE(values[3 * i], values[3 * i + 1]);
    EXPECT_LE(values[3 * i + 1], values[3 * i + 2]);
    EXPECT_NEAR(out_of_bag[i], targets_[i], 0.6) << i;
  }
  const auto of_model = shape(model);
  std::vector<std::uint64_t> offsets(of_model.n_trees + 1);
  ASSERT_EQ(call("wasm_ml_tree_offsets", {model, share(offsets), kStart}), 0) << error();
  EXPECT_EQ(offsets.back(), of_model.n_nodes);
  std::vector<std::uint32_t> nodes(5 * of_model.n_nodes);
  ASSERT_EQ(call("wasm_ml_nodes", {model, kStart, static_cast<std::int64_t>(of_model.n_nodes), share(nodes), kStart}),
            0)
      << error();
  EXPECT_EQ(nodes[4], kRows);  // what the root weighs
}

TEST_F(WasmMlEmbedding, ErrorsNameTheCulprit) {
  std::vector<wasm_ml::EmbeddedShape> shape_of_none(1);
  EXPECT_EQ(call("wasm_ml_shape", {std::int32_t{5}, share(shape_of_none), kStart}), -1);
  EXPECT_EQ(error(), "model 5: there is none");
  EXPECT_EQ(call("wasm_ml_drop", {std::int32_t{0}}), -1);
  EXPECT_EQ(train(0, {.n_trees = 0}), -1);
  EXPECT_THAT(error(), HasSubstr("n-trees"));
  EXPECT_EQ(train(2), -1);
  EXPECT_THAT(error(), HasSubstr("targets"));
  const std::int32_t model = train(0);
  ASSERT_GT(model, 0);
  std::vector<float> output(1);
  const std::int32_t buffer = share(output);
  const auto predict_with = [&](std::uint32_t element, std::int32_t what, std::int32_t n_rows) {
    blocks_[0] = columns(element);
    return call("wasm_ml_predict", {model, blocks_buffer_, kStart, std::int32_t{1}, n_rows, what, buffer, kStart});
  };
  EXPECT_EQ(predict_with(11, 0, 1), -1);
  EXPECT_EQ(error(), "element 11: there are 0 to 10");
  EXPECT_EQ(predict_with(kFloat32, 3, 1), -1);
  EXPECT_EQ(error(), "what: 3 is not 0 to 2");
  EXPECT_EQ(predict_with(kFloat32, 0, 2), -1);
  EXPECT_THAT(error(), HasSubstr("output"));
  EXPECT_EQ(predict_with(kUint8, 0, 1), 0);
}

// A model of one instance is not one of another.
TEST_F(WasmMlEmbedding, InstancesAreApart) {
  const std::int32_t model = train(0);
  ASSERT_GT(model, 0);
  Instance other = instance();
  const auto result = other.call("wasm_ml_export", std::array<Value, 1>{model});
  ASSERT_TRUE(result);
  EXPECT_THAT(*result, ElementsAre(Value(std::int64_t{-1})));
}

}  // namespace
}  // namespace gpu_host
