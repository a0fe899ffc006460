// wasm_ml's exports (guest/wasm_ml/embedding.hpp): arrays of this program are buffers of the module.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
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

constexpr std::int32_t kFloat32 = 1;
constexpr std::int32_t kFloat64 = 2;
constexpr std::int32_t kUint8 = 4;
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

  template <class T>
  std::int32_t share(std::vector<T>& array) {
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

  std::string error() {
    std::string text(200, ' ');
    const auto buffer = static_cast<std::int32_t>(instance_.share(std::as_writable_bytes(std::span(text))).value());
    text.resize(static_cast<std::size_t>(call("wasm_ml_error", {buffer, kStart, std::int32_t{200}})));
    return text;
  }

  // Of kRows rows: y = 3 a where b < 0.5, else -a.
  std::int32_t train(std::int32_t n_classes, const Training& training = {}) {
    for (std::size_t i = 0; i < kRows; ++i) {
      features_[2 * i] = static_cast<float>(i % 37) / 37;
      features_[2 * i + 1] = static_cast<float>(i % 11) / 11;
      const float value = (features_[2 * i + 1] < 0.5F ? 3 : -1) * features_[2 * i];
      targets_[i] = n_classes == 0 ? static_cast<double>(value) : (value > 0.5F ? 2 : value > 0 ? 1 : 0);
    }
    trainings_.push_back({training});
    if (features_buffer_ == 0) {
      features_buffer_ = share(features_);
      targets_buffer_ = share(targets_);
    }
    return static_cast<std::int32_t>(call(
        "wasm_ml_train",
        {features_buffer_, kFloat32, kStart, std::int64_t{8}, std::int64_t{4}, std::int32_t{kRows}, std::int32_t{2},
         targets_buffer_, kFloat64, kStart, std::int64_t{8}, n_classes, share(trainings_.back())}));
  }

  std::vector<float> predict(std::int32_t model, std::size_t n_numbers, std::int32_t n_rows = kRows) {
    outputs_.emplace_back(n_numbers);
    EXPECT_EQ(call("wasm_ml_predict", {model, features_buffer_, kFloat32, kStart, std::int64_t{8}, std::int64_t{4},
                                       n_rows, std::int32_t{0}, share(outputs_.back()), kStart}),
              0)
        << error();
    return outputs_.back();
  }

  static constexpr std::int32_t kRows = 500;
  std::vector<float> features_ = std::vector<float>(2 * std::size_t{kRows});
  std::vector<double> targets_ = std::vector<double>(kRows);
  std::vector<std::vector<Training>> trainings_;
  std::vector<std::vector<float>> outputs_;
  std::int32_t features_buffer_ = 0;
  std::int32_t targets_buffer_ = 0;
  Instance instance_ = instance();
};

TEST_F(WasmMlEmbedding, TrainsAndPredictsARegression) {
  const std::int32_t model = train(0);
  ASSERT_GT(model, 0) << error();
  EXPECT_EQ(call("wasm_ml_outputs", {model}), 1);
  const std::vector<float> predictions = predict(model, kRows);
  for (std::size_t i = 0; i < kRows; ++i) EXPECT_NEAR(predictions[i], targets_[i], 0.25) << i;
  std::vector<double> importances(2);
  EXPECT_EQ(call("wasm_ml_importances", {model, share(importances), kStart}), 0);
  EXPECT_NEAR(importances[0] + importances[1], 1, 1e-9);
}

TEST_F(WasmMlEmbedding, TrainsAndPredictsClasses) {
  const std::int32_t model = train(3);
  ASSERT_GT(model, 0) << error();
  EXPECT_EQ(call("wasm_ml_outputs", {model}), 3);
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

TEST_F(WasmMlEmbedding, ErrorsNameTheCulprit) {
  EXPECT_EQ(call("wasm_ml_outputs", {std::int32_t{5}}), -1);
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
  const auto predict_with = [&](std::int32_t element, std::int32_t what, std::int32_t n_rows) {
    return call("wasm_ml_predict", {model, features_buffer_, element, kStart, std::int64_t{8}, std::int64_t{4}, n_rows,
                                    what, buffer, kStart});
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
  const auto result = other.call("wasm_ml_outputs", std::array<Value, 1>{model});
  ASSERT_TRUE(result);
  EXPECT_THAT(*result, ElementsAre(Value(std::int32_t{-1})));
}

}  // namespace
}  // namespace gpu_host
