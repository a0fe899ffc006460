#include "model_file.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "model_bytes.hpp"
#include "model_info_bytes.hpp"
#include "predictor.hpp"
#include "random_models.hpp"
#include "small_forest.hpp"

namespace wasm_ml {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

Model small_model() { return model_of(small_forest()); }

// Puts its trees to use.
std::string use_error(const std::string& bytes) {
  auto file = open_model(bytes);
  if (!file) return file.error().message;
  const auto predictor = Predictor::create(*file);
  return predictor ? "no error" : predictor.error().message;
}

void expect_same(const ModelInfo& read, const ModelInfo& info) {
  EXPECT_EQ(read.task, info.task);
  EXPECT_EQ(read.origin, info.origin);
  EXPECT_EQ(read.target_name, info.target_name);
  EXPECT_EQ(read.features, info.features);
  EXPECT_EQ(read.classes, info.classes);
  EXPECT_EQ(read.params, info.params);
  EXPECT_EQ(read.n_train_rows, info.n_train_rows);
  EXPECT_EQ(read.importances, info.importances);
  EXPECT_EQ(read.postprocessor, info.postprocessor);
}

void expect_round_trip(const Model& model) {
  const std::string bytes = encode_model(model);
  auto file = open_model(bytes);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->version(), 2U);
  EXPECT_EQ(file->packed_size(), model.packed.size());
  expect_same(file->info(), model.info);
  const auto packed = file->read_packed();
  ASSERT_TRUE(packed) << packed.error().message;
  EXPECT_EQ(*packed, model.packed);
  EXPECT_EQ(encode_model({.info = file->info(), .packed = *packed}), bytes);
}

TEST(ModelFileTest, WhatIsSavedIsLoaded) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    expect_round_trip({.info = random_info(random), .packed = pack_trees(random_forest(random, 5))});
  }
}

TEST(ModelFileTest, TreesAreNotItsMatter) {
  std::mt19937 random(2);
  for (const std::size_t size : {0U, 1U, 15U, 16U, (1U << 18U) - 1, 1U << 18U, 3U << 18U}) {
    Model model = small_model();
    model.packed.resize(size);
    std::ranges::generate(model.packed, [&] { return static_cast<char>(random()); });
    expect_round_trip(model);
  }
}

TEST(ModelFileTest, ManyFeaturesAndCategories) {
  Model model = small_model();
  for (int i = 2; i < 10'000; ++i) model.info.features.push_back({.name = "feature " + std::to_string(i)});
  for (int i = 0; i < 100'000; ++i) model.info.features[7].categories.push_back(std::to_string(i));
  expect_round_trip(model);
  model.info.features = numeric_features(std::vector<std::string>(1U << 16U));
  for (std::size_t i = 0; i < model.info.features.size(); ++i) model.info.features[i].name = std::to_string(i);
  expect_round_trip(model);
}

TEST(ModelFileTest, ThroughAFile) {
  const std::string path = (std::filesystem::path(testing::TempDir()) / "model_file_test.bin").string();
  ASSERT_TRUE(save_model(path, small_model()));
  auto file = ModelFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->name(), path);
  EXPECT_EQ(file->read_packed().value(), small_model().packed);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  EXPECT_THAT(ModelFile::open(path).error().message, StartsWith("model '" + path + "': truncated: "));
  std::filesystem::remove(path);
  EXPECT_THAT(ModelFile::open(path).error().message, StartsWith("cannot open '" + path + "'"));
}

TEST(ModelFileTest, ItMayBecomeShorterWhileItIsRead) {
  const std::string path = (std::filesystem::path(testing::TempDir()) / "model_file_test_shorter.bin").string();
  Model model = small_model();
  model.packed.resize(std::size_t{1} << 20U);
  ASSERT_TRUE(save_model(path, model));
  auto file = ModelFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  std::filesystem::resize_file(path, std::size_t{1} << 19U);
  EXPECT_EQ(file->read_packed().error().message, "model '" + path + "': it became shorter while it was read");
  std::filesystem::remove(path);
}

TEST(ModelFileTest, ReachesTheDeviceInBlocks) {
  Model model = small_model();
  model.packed.resize((std::size_t{1} << 20U) + 3);
  for (std::size_t i = 0; i < model.packed.size(); ++i) model.packed[i] = static_cast<char>(i * 7 / 5);
  auto file = open_model(model);
  ASSERT_TRUE(file) << file.error().message;
  auto buffer = file->upload_packed();
  ASSERT_TRUE(buffer) << buffer.error().message;
  std::string read(static_cast<std::size_t>(buffer->size()), '\0');
  ASSERT_TRUE(buffer->read(read));
  EXPECT_EQ(read, model.packed);
}

TEST(ModelFileTest, EveryTruncationIsAnError) {
  const std::string bytes = encode_model(small_model());
  EXPECT_EQ(open_error(""), "model 'm.bin': the file is empty");
  for (std::size_t length = 1; length < bytes.size(); ++length) {
    EXPECT_THAT(open_error(bytes.substr(0, length)), StartsWith("model 'm.bin': truncated: " + std::to_string(length)))
        << length;
  }
}

TEST(ModelFileTest, EveryTruncationWithARightHeadIsAnError) {
  const std::string info = encode_info(small_model().info);
  const std::string packed = small_model().packed;
  for (std::size_t length = 0; length < info.size(); ++length) {
    EXPECT_EQ(open_error(version_2_bytes(info.substr(0, length), packed)),
              length == 0 ? "model 'm.bin': 0 bytes that tell of the model do not fit into the file"
                          : "model 'm.bin': what it says of the model is incomplete")
        << length;
  }
  for (std::size_t length = 0; length < packed.size(); ++length) {
    EXPECT_THAT(use_error(version_2_bytes(info, packed.substr(0, length))), HasSubstr("model")) << length;
  }
  EXPECT_EQ(use_error(version_2_bytes(info, packed)), "no error");
}

TEST(ModelFileTest, EveryCorruptedByteIsAnErrorWhenItIsOpenedOrUsed) {
  const std::string bytes = encode_model(small_model());
  const std::size_t packed_at = bytes.size() - small_model().packed.size();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string corrupted = bytes;
      corrupted[i] = static_cast<char>(value);
      if (corrupted == bytes) continue;
      const std::string error = i < packed_at ? open_error(corrupted) : use_error(corrupted);
      EXPECT_THAT(error, StartsWith("model 'm.bin': ")) << "byte " << i << " as " << value;
    }
  }
}

TEST(ModelFileTest, SaysWhatKindOfTroubleItIs) {
  std::string bytes = encode_model(small_model());
  EXPECT_EQ(open_error("a,b\n1,2\n"),
            "model 'm.bin': not a model of wasm_ml: it does not begin with the format's signature");
  EXPECT_THAT(open_error(bytes + "x"), HasSubstr("but its header says " + std::to_string(bytes.size())));
  std::string corrupted = bytes;
  corrupted[40] = static_cast<char>(corrupted[40] ^ 1);
  EXPECT_THAT(open_error(corrupted), HasSubstr("corrupted: the checksum is "));
  for (const char version : {'\0', '\3', '\x7f'}) {
    bytes[8] = version;
    EXPECT_THAT(open_error(bytes), AllOf(HasSubstr("format version " + std::to_string(static_cast<int>(version))),
                                         HasSubstr("reads versions 1 to 2")));
  }
}

TEST(ModelFileTest, TheSizeOfWhatItTellsIsNotBelieved) {
  const std::string bytes = encode_model(small_model());
  constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{bytes.size()}, std::uint64_t{1} << 30U,
                                   (std::uint64_t{1} << 32U) + 40, kHuge - 40, kHuge}) {
    std::string crafted = bytes;
    std::memcpy(crafted.data() + sizeof(layout::Prefix), &size, sizeof(size));
    EXPECT_THAT(open_error(sealed(crafted)), HasSubstr("bytes that tell of the model do not fit into the file"));
  }
}

TEST(ModelFileTest, PaddingIsZero) {
  Model model = small_model();
  while ((32 + encode_info(model.info).size()) % layout::kAlignment != 3) model.info.origin += 'x';
  std::string bytes = encode_model(model);
  const std::size_t packed_at = bytes.size() - model.packed.size();
  EXPECT_EQ(sealed(bytes, packed_at), bytes);
  bytes[packed_at - 1] = 'x';
  EXPECT_EQ(open_error(sealed(bytes, packed_at)), "model 'm.bin': padding in it is not zeros");
}

TEST(ModelFileTest, TreesWithOtherFeaturesThanItNamesAreRefusedWhenTheyAreUsed) {
  Model model = small_model();
  model.info.features.pop_back();
  EXPECT_EQ(use_error(encode_model(model)), "model 'm.bin': its trees have 2 features, it names 1");
  model.info.features = numeric_features({"a", "b", "c"});
  EXPECT_EQ(use_error(encode_model(model)), "model 'm.bin': its trees have 2 features, it names 3");
}

}  // namespace
}  // namespace wasm_ml
