// What a model file says of its model, where its checksum and length are right and its content is not.
#include "model_info_bytes.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include "model_bytes.hpp"
#include "random_models.hpp"
#include "small_forest.hpp"

namespace wasm_ml {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::uint32_t kMostCount = std::numeric_limits<std::uint32_t>::max();

ModelInfo small_info() {
  return {.task = ModelTask::classification,
          .origin = "o",
          .target_name = "y",
          .features = {{.name = "a", .categories = {"red", "blue"}}, {.name = "bb"}},
          .classes = {"no", "yes"},
          .importances = {0.25, 0.75}};
}

// Of a whole file.
std::string decode_error(const std::string& info) {
  return open_error(version_2_bytes(info, pack_trees(small_forest())));
}

std::string encode_error(const ModelInfo& info) {
  EXPECT_EQ(open_error(encode_model({.info = info, .packed = pack_trees(small_forest())})),
            decode_error(encode_info(info)));
  return decode_error(encode_info(info));
}

// Where the number of the text's elements, or its length, is.
std::string with_count(const std::string& before, std::uint32_t count, std::size_t back = sizeof(std::uint32_t)) {
  std::string bytes = encode_info(small_info());
  const std::size_t at = bytes.find(before);
  EXPECT_NE(at, std::string::npos);
  std::memcpy(bytes.data() + at - back, &count, sizeof(count));
  return bytes;
}

TEST(ModelInfoTest, TheSmallOneIsRight) { EXPECT_EQ(encode_error(small_info()), "no error"); }

TEST(ModelInfoTest, LiesInTheFileAsTheDocumentSays) {
  const std::string bytes = encode_info(small_info());
  const auto u32 = [](std::uint32_t value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  const std::string features =
      u32(2) + u32(1) + "a" + u32(2) + u32(3) + "red" + u32(4) + "blue" + u32(2) + "bb" + u32(0);
  EXPECT_THAT(bytes, StartsWith(std::string("\1") + u32(1) + "o" + u32(1) + "y" + features + u32(2) + u32(2) + "no" +
                                u32(3) + "yes" + u32(0) + u32(2)));
  // Importances, the postprocessor, the parameters.
  EXPECT_EQ(bytes.size(), 1U + 5 + 5 + features.size() + 4 + 6 + 7 + 4 + 4 + 16 + 9 + 24 + 8 + 1 + 8 + 1);
}

TEST(ModelInfoTest, Counts) {
  const auto incomplete = HasSubstr("what it says of the model is incomplete");
  for (const std::uint32_t count : {kMostCount, kMostCount - 3, 0x80000000U, 0x10000000U, 1000U}) {
    EXPECT_THAT(decode_error(with_count("o", count)), incomplete);       // a text
    EXPECT_THAT(decode_error(with_count("a", count, 8)), incomplete);    // features
    EXPECT_THAT(decode_error(with_count("a", count)), incomplete);       // a name
    EXPECT_THAT(decode_error(with_count("red", count, 8)), incomplete);  // categories
    EXPECT_THAT(decode_error(with_count("blue", count)), incomplete);    // a category
    EXPECT_THAT(decode_error(with_count("no", count, 8)), incomplete);   // classes
    const double importance = 0.25;
    EXPECT_THAT(decode_error(with_count({reinterpret_cast<const char*>(&importance), sizeof(importance)}, count)),
                incomplete);
  }
}

TEST(ModelInfoTest, TrailingBytes) {
  const std::string bytes = encode_info(small_info());
  EXPECT_EQ(decode_error(bytes + '\0'), "model 'm.bin': 1 bytes follow what it says of the model");
  EXPECT_EQ(decode_error(bytes + bytes),
            "model 'm.bin': " + std::to_string(bytes.size()) + " bytes follow what it says of the model");
}

TEST(ModelInfoTest, Names) {
  ModelInfo info = small_info();
  info.features[1].name = "a";
  EXPECT_EQ(encode_error(info), "model 'm.bin': two features are 'a'");
  info.features[1].name = "";
  EXPECT_EQ(encode_error(info), "model 'm.bin': a feature has no name");
  info = small_info();
  info.features[0].categories = {"red", "blue", "red"};
  EXPECT_EQ(encode_error(info), "model 'm.bin': two categories of a feature are 'red'");
  info = small_info();
  info.classes = {"yes", "yes"};
  EXPECT_EQ(encode_error(info), "model 'm.bin': two classes are 'yes'");
}

TEST(ModelInfoTest, Features) {
  ModelInfo info = small_info();
  info.features.clear();
  info.importances.clear();
  EXPECT_EQ(encode_error(info), "model 'm.bin': 0 features are not 1 to 65536");
  for (std::uint32_t i = 0; i <= 1U << 16U; ++i) info.features.push_back({.name = std::to_string(i)});
  EXPECT_EQ(encode_error(info), "model 'm.bin': 65537 features are not 1 to 65536");
}

TEST(ModelInfoTest, Classes) {
  ModelInfo info = small_info();
  info.classes = {"yes"};
  EXPECT_EQ(encode_error(info), "model 'm.bin': 1 classes do not suit its task");
  info.classes = {};
  EXPECT_EQ(encode_error(info), "model 'm.bin': 0 classes do not suit its task");
  info = small_info();
  for (const ModelTask task : {ModelTask::regression, ModelTask::scores}) {
    info.task = task;
    EXPECT_EQ(encode_error(info), "model 'm.bin': 2 classes do not suit its task");
  }
}

TEST(ModelInfoTest, WhatIsNotKnown) {
  ModelInfo info = small_info();
  info.task = static_cast<ModelTask>(3);
  EXPECT_EQ(encode_error(info), "model 'm.bin': its task is not known");
  info.task = static_cast<ModelTask>(255);
  EXPECT_EQ(encode_error(info), "model 'm.bin': its task is not known");
  info = small_info();
  info.postprocessor.kind = static_cast<PostprocessorKind>(8);
  EXPECT_EQ(encode_error(info), "model 'm.bin': its postprocessor is not known");
}

TEST(ModelInfoTest, NumbersThatAreNone) {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity()}) {
    ModelInfo info = small_info();
    info.importances[1] = bad;
    EXPECT_EQ(encode_error(info), "model 'm.bin': an importance is not finite");
    info = small_info();
    info.postprocessor.sigmoid_alpha = static_cast<float>(bad);
    EXPECT_EQ(encode_error(info), "model 'm.bin': a parameter of its postprocessor is not finite");
    info = small_info();
    info.postprocessor.ratio_c = static_cast<float>(bad);
    EXPECT_EQ(encode_error(info), "model 'm.bin': a parameter of its postprocessor is not finite");
  }
  ModelInfo info = small_info();
  info.importances.pop_back();
  EXPECT_EQ(encode_error(info), "model 'm.bin': 1 importances of 2 features");
}

TEST(ModelInfoTest, ATruthIsZeroOrOne) {
  std::string bytes = encode_info(small_info());
  for (const char bad : {'\2', '\xff'}) {
    bytes.back() = bad;  // oob_score
    EXPECT_THAT(decode_error(bytes), HasSubstr("incomplete"));
  }
}

TEST(ModelInfoTest, AnyBytesAreAnErrorOrAModelThatIsWrittenAgainAsItWas) {
  std::mt19937 random(3);
  int n_right = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = encode_info(random_info(random));
    const std::uint32_t n_changes = 1 + below(random, 8);
    for (std::uint32_t i = 0; i < n_changes; ++i) {
      char& byte = bytes[below(random, static_cast<std::uint32_t>(bytes.size()))];
      byte = static_cast<char>(below(random, 3) == 0 ? 0xff : random());
    }
    const auto info = decode_info(bytes);
    if (!info) continue;
    ++n_right;
    EXPECT_EQ(encode_info(*info), bytes);
  }
  EXPECT_GT(n_right, 100);
  EXPECT_LT(n_right, 2900);
}

}  // namespace
}  // namespace wasm_ml
