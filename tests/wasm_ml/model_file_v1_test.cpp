// Model files of version 1: as they were written, and those whose checksum and length are right and whose content is
// not.
#include <gmock/gmock.h>

#include <cstring>
#include <limits>
#include <string>

#include "model_bytes.hpp"
#include "model_file.hpp"
#include "model_layout.hpp"
#include "small_forest.hpp"

namespace wasm_ml {
namespace {

using layout::Header;
using layout::Prefix;
using testing::HasSubstr;

constexpr std::uint32_t kHuge = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kNames = sizeof(Prefix) + sizeof(Header);  // where the names begin

std::string decode_v1_error(const std::string& bytes) { return open_error(sealed(bytes)); }

std::string encode_v1_error(const Forest& forest) { return decode_v1_error(version_1_bytes(forest)); }

template <class T>
std::string with(std::size_t offset, T value) {
  std::string bytes = version_1_bytes(small_forest());
  std::memcpy(bytes.data() + offset, &value, sizeof(value));
  return bytes;
}

std::string with_header(std::size_t field, std::uint32_t value) { return with(sizeof(Prefix) + field, value); }

TEST(ModelFileV1Test, IsReadAsWhatItWas) {
  const Forest forest = small_forest();
  auto file = open_model(version_1_bytes(forest));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->version(), 1U);
  const ModelInfo& info = file->info();
  EXPECT_EQ(info.task, ModelTask::regression);
  EXPECT_EQ(info.params, forest.params);
  EXPECT_EQ(info.n_train_rows, forest.n_train_rows);
  EXPECT_EQ(info.target_name, forest.target_name);
  EXPECT_EQ(info.features, numeric_features(forest.feature_names));
  EXPECT_EQ(file->read_packed().value(), pack_trees(forest));
  EXPECT_EQ(file->packed_size(), pack_trees(forest).size());
}

TEST(ModelFileV1Test, EveryTruncationIsAnError) {
  const std::string bytes = version_1_bytes(small_forest());
  for (std::size_t length = 1; length < bytes.size(); ++length) {
    EXPECT_THAT(open_error(bytes.substr(0, length)),
                testing::StartsWith("model 'm.bin': truncated: " + std::to_string(length)))
        << length;
  }
}

TEST(ModelFileV1Test, EveryCorruptedByteIsAnError) {
  const std::string bytes = version_1_bytes(small_forest());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string corrupted = bytes;
      corrupted[i] = static_cast<char>(value);
      if (corrupted == bytes) continue;
      EXPECT_NE(open_error(corrupted), "no error") << "byte " << i << " as " << value;
    }
  }
}

TEST(ModelFileV1Test, SealingAloneChangesNothing) {
  EXPECT_EQ(sealed(version_1_bytes(small_forest())), version_1_bytes(small_forest()));
}

TEST(ModelFileV1Test, Counts) {
  EXPECT_THAT(decode_v1_error(with_header(offsetof(Header, n_trees), 0)), HasSubstr("no trees"));
  EXPECT_THAT(decode_v1_error(with_header(offsetof(Header, n_trees), 7)), HasSubstr("fewer nodes than trees"));
  EXPECT_THAT(decode_v1_error(with_header(offsetof(Header, n_nodes), kHuge)), HasSubstr("the nodes do not fit"));
  EXPECT_THAT(decode_v1_error(with_header(offsetof(Header, n_nodes), 0x10000006)), HasSubstr("the nodes do not fit"));
  EXPECT_THAT(decode_v1_error(with_header(offsetof(Header, n_nodes), 5)), HasSubstr("16 bytes follow the last node"));
  EXPECT_THAT(decode_v1_error(with_header(offsetof(Header, n_features), 0)), HasSubstr("no features"));
  EXPECT_THAT(decode_v1_error(with_header(offsetof(Header, n_features), kHuge)), HasSubstr("the names do not fit"));
  EXPECT_THAT(decode_v1_error(with_header(offsetof(Header, max_features), 3)), HasSubstr("max_features"));
  EXPECT_THAT(decode_v1_error(with_header(offsetof(Header, reserved), 1)), HasSubstr("reserved"));
  std::string many_trees = with_header(offsetof(Header, n_trees), kHuge);
  std::memcpy(many_trees.data() + sizeof(Prefix) + offsetof(Header, n_nodes), &kHuge, sizeof(kHuge));
  EXPECT_THAT(decode_v1_error(many_trees), HasSubstr("the trees do not fit"));
}

TEST(ModelFileV1Test, Names) {
  EXPECT_THAT(decode_v1_error(with(kNames, kHuge)), HasSubstr("the names do not fit"));
  EXPECT_THAT(decode_v1_error(with(kNames + 5, kHuge)), HasSubstr("the names do not fit"));
  Forest forest = small_forest();
  forest.feature_names = {"a", "a"};
  EXPECT_THAT(encode_v1_error(forest), HasSubstr("two features have the name 'a'"));
  forest.feature_names = {"a", ""};
  EXPECT_THAT(encode_v1_error(forest), HasSubstr("a feature has no name"));
}

TEST(ModelFileV1Test, HeaderCutShort) {
  const std::string bytes = version_1_bytes(small_forest());
  for (std::size_t length = sizeof(Prefix); length < bytes.size(); ++length) {
    EXPECT_NE(decode_v1_error(bytes.substr(0, length)), "no error") << length;
  }
  EXPECT_THAT(decode_v1_error(bytes.substr(0, sizeof(Prefix) + 1)), HasSubstr("its header is incomplete"));
}

TEST(ModelFileV1Test, PaddingIsZero) {
  // The texts "y", "a" and "bb" with their lengths end at a multiple of 16; the two offsets do not.
  const std::size_t offsets = kNames + 3 * sizeof(std::uint32_t) + 4;
  ASSERT_EQ(offsets % layout::kAlignment, 0U);
  EXPECT_THAT(decode_v1_error(with(offsets + 2 * sizeof(std::uint32_t), 'x')), HasSubstr("padding after the trees"));
  Forest forest = small_forest();
  forest.target_name = "yy";
  std::string bytes = version_1_bytes(forest);
  bytes[offsets + 1] = 'x';
  EXPECT_THAT(decode_v1_error(bytes), HasSubstr("padding after the names"));
}

TEST(ModelFileV1Test, Trees) {
  Forest forest = small_forest();
  forest.nodes[2].right = 0;
  EXPECT_THAT(encode_v1_error(forest), HasSubstr("model 'm.bin': tree 0, node 2: child 0 does not come after"));
  forest = small_forest();
  forest.nodes[0].feature = 2;
  EXPECT_THAT(encode_v1_error(forest), HasSubstr("feature 2 is out of range"));
  forest = small_forest();
  forest.nodes[1].threshold = std::numeric_limits<float>::infinity();
  EXPECT_THAT(encode_v1_error(forest), HasSubstr("not finite"));
  forest = small_forest();
  forest.tree_offsets = {0, kHuge};
  EXPECT_THAT(encode_v1_error(forest), HasSubstr("tree 1: its first node, 4294967295"));
}

}  // namespace
}  // namespace wasm_ml
