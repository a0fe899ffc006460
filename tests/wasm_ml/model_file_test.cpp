#include "model_file.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <filesystem>

#include "small_forest.hpp"

namespace wasm_ml {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string decode_error(std::string_view bytes) {
  const auto forest = decode_model("m.bin", bytes);
  return forest ? "no error" : forest.error().message;
}

TEST(ModelFileTest, RoundTrip) {
  const Forest forest = small_forest();
  const auto decoded = decode_model("m.bin", encode_model(forest));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->params, forest.params);
  EXPECT_EQ(decoded->n_train_rows, forest.n_train_rows);
  EXPECT_EQ(decoded->target_name, forest.target_name);
  EXPECT_EQ(decoded->feature_names, forest.feature_names);
  EXPECT_EQ(decoded->tree_offsets, forest.tree_offsets);
  EXPECT_EQ(decoded->depth, forest.depth);
  ASSERT_EQ(decoded->nodes.size(), forest.nodes.size());
  EXPECT_EQ(std::memcmp(decoded->nodes.data(), forest.nodes.data(), forest.nodes.size() * sizeof(TreeNode)), 0);
  EXPECT_EQ(encode_model(*decoded), encode_model(forest));
}

TEST(ModelFileTest, ThroughAFile) {
  const std::string path = (std::filesystem::path(testing::TempDir()) / "model_file_test.bin").string();
  ASSERT_TRUE(save_model(path, small_forest()));
  EXPECT_TRUE(load_model(path));
  std::filesystem::remove(path);
  EXPECT_THAT(load_model(path).error().message, StartsWith("cannot open '" + path + "'"));
}

TEST(ModelFileTest, EveryTruncationIsAnError) {
  const std::string bytes = encode_model(small_forest());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const std::string error = decode_error(std::string_view(bytes).substr(0, length));
    if (length == 0) {
      EXPECT_EQ(error, "model 'm.bin': the file is empty");
    } else {
      EXPECT_THAT(error, StartsWith("model 'm.bin': truncated: " + std::to_string(length))) << length;
    }
  }
}

TEST(ModelFileTest, EveryCorruptedByteIsAnError) {
  const std::string bytes = encode_model(small_forest());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string corrupted = bytes;
      corrupted[i] = static_cast<char>(value);
      if (corrupted == bytes) continue;
      EXPECT_NE(decode_error(corrupted), "no error") << "byte " << i << " as " << value;
    }
  }
}

TEST(ModelFileTest, SaysWhatKindOfTroubleItIs) {
  std::string bytes = encode_model(small_forest());
  EXPECT_EQ(decode_error("a,b\n1,2\n"),
            "model 'm.bin': not a model of wasm_ml: it does not begin with the format's signature");
  EXPECT_THAT(decode_error(bytes + "x"), HasSubstr("but its header says " + std::to_string(bytes.size())));
  std::string corrupted = bytes;
  corrupted.back() = static_cast<char>(corrupted.back() ^ 1);
  EXPECT_THAT(decode_error(corrupted), HasSubstr("corrupted: the checksum is "));
  bytes[8] = 9;
  EXPECT_THAT(decode_error(bytes), AllOf(HasSubstr("version 9"), HasSubstr("reads version 1")));
}

}  // namespace
}  // namespace wasm_ml
