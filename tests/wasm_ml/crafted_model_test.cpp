// Model files whose checksum and length are right and whose content is not.
#include <gmock/gmock.h>

#include <cstring>
#include <limits>

#include "crc32.hpp"
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

// Makes length and checksum right again.
std::string sealed(std::string bytes) {
  const std::uint64_t size = bytes.size();
  std::memcpy(bytes.data() + offsetof(Prefix, file_size), &size, sizeof(size));
  const std::uint32_t checksum = crc32(std::string_view(bytes).substr(layout::kChecked));
  std::memcpy(bytes.data() + offsetof(Prefix, checksum), &checksum, sizeof(checksum));
  return bytes;
}

std::string decode_error(const std::string& bytes) {
  const auto forest = decode_model("m.bin", sealed(bytes));
  return forest ? "no error" : forest.error().message;
}

std::string encode_error(const Forest& forest) { return decode_error(encode_model(forest)); }

template <class T>
std::string with(std::size_t offset, T value) {
  std::string bytes = encode_model(small_forest());
  std::memcpy(bytes.data() + offset, &value, sizeof(value));
  return bytes;
}

std::string with_header(std::size_t field, std::uint32_t value) { return with(sizeof(Prefix) + field, value); }

TEST(CraftedModelTest, SealingAloneChangesNothing) {
  EXPECT_EQ(sealed(encode_model(small_forest())), encode_model(small_forest()));
}

TEST(CraftedModelTest, Counts) {
  EXPECT_THAT(decode_error(with_header(offsetof(Header, n_trees), 0)), HasSubstr("no trees"));
  EXPECT_THAT(decode_error(with_header(offsetof(Header, n_trees), 7)), HasSubstr("fewer nodes than trees"));
  EXPECT_THAT(decode_error(with_header(offsetof(Header, n_nodes), kHuge)), HasSubstr("the nodes do not fit"));
  EXPECT_THAT(decode_error(with_header(offsetof(Header, n_nodes), 0x10000006)), HasSubstr("the nodes do not fit"));
  EXPECT_THAT(decode_error(with_header(offsetof(Header, n_nodes), 5)), HasSubstr("16 bytes follow the last node"));
  EXPECT_THAT(decode_error(with_header(offsetof(Header, n_features), 0)), HasSubstr("no features"));
  EXPECT_THAT(decode_error(with_header(offsetof(Header, n_features), kHuge)), HasSubstr("the names do not fit"));
  EXPECT_THAT(decode_error(with_header(offsetof(Header, max_features), 3)), HasSubstr("max_features"));
  EXPECT_THAT(decode_error(with_header(offsetof(Header, reserved), 1)), HasSubstr("reserved"));
  std::string many_trees = with_header(offsetof(Header, n_trees), kHuge);
  std::memcpy(many_trees.data() + sizeof(Prefix) + offsetof(Header, n_nodes), &kHuge, sizeof(kHuge));
  EXPECT_THAT(decode_error(many_trees), HasSubstr("the trees do not fit"));
}

TEST(CraftedModelTest, Names) {
  EXPECT_THAT(decode_error(with(kNames, kHuge)), HasSubstr("the names do not fit"));
  EXPECT_THAT(decode_error(with(kNames + 5, kHuge)), HasSubstr("the names do not fit"));
  Forest forest = small_forest();
  forest.feature_names = {"a", "a"};
  EXPECT_THAT(encode_error(forest), HasSubstr("two features have the name 'a'"));
  forest.feature_names = {"a", ""};
  EXPECT_THAT(encode_error(forest), HasSubstr("a feature has no name"));
}

TEST(CraftedModelTest, HeaderCutShort) {
  const std::string bytes = encode_model(small_forest());
  for (std::size_t length = sizeof(Prefix); length < bytes.size(); ++length) {
    EXPECT_NE(decode_error(bytes.substr(0, length)), "no error") << length;
  }
  EXPECT_THAT(decode_error(bytes.substr(0, sizeof(Prefix) + 1)), HasSubstr("its header is incomplete"));
}

TEST(CraftedModelTest, PaddingIsZero) {
  // The texts "y", "a" and "bb" with their lengths end at a multiple of 16; the two offsets do not.
  const std::size_t offsets = kNames + 3 * sizeof(std::uint32_t) + 4;
  ASSERT_EQ(offsets % layout::kAlignment, 0U);
  EXPECT_THAT(decode_error(with(offsets + 2 * sizeof(std::uint32_t), 'x')), HasSubstr("padding after the trees"));
  Forest forest = small_forest();
  forest.target_name = "yy";
  std::string bytes = encode_model(forest);
  bytes[offsets + 1] = 'x';
  EXPECT_THAT(decode_error(bytes), HasSubstr("padding after the names"));
}

TEST(CraftedModelTest, Trees) {
  Forest forest = small_forest();
  forest.nodes[2].right = 0;
  EXPECT_THAT(encode_error(forest), HasSubstr("model 'm.bin': tree 0, node 2: child 0 does not come after"));
  forest = small_forest();
  forest.nodes[0].feature = 2;
  EXPECT_THAT(encode_error(forest), HasSubstr("feature 2 is out of range"));
  forest = small_forest();
  forest.nodes[1].threshold = std::numeric_limits<float>::infinity();
  EXPECT_THAT(encode_error(forest), HasSubstr("not finite"));
  forest = small_forest();
  forest.tree_offsets = {0, kHuge};
  EXPECT_THAT(encode_error(forest), HasSubstr("tree 1: its first node, 4294967295"));
}

}  // namespace
}  // namespace wasm_ml
