#include "byte_source.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace wasm_ml {
namespace {

using testing::HasSubstr;

std::string read_all(ByteSource& source, std::size_t block_bytes) {
  std::string all;
  std::vector<char> block(block_bytes);
  for (;;) {
    const auto count = source.read(block);
    EXPECT_TRUE(count) << count.error().message;
    if (!count || *count == 0) return all;
    all.append(block.data(), *count);
  }
}

TEST(ByteSourceTest, ReadsBlocksTwice) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "byte_source";
  const std::string bytes = std::string(100000, 'x') + std::string("\0\r\n", 3);
  std::ofstream(path, std::ios::binary) << bytes;
  for (const std::size_t block : {7U, 4096U, 8U << 20U}) {
    ByteSource file = ByteSource::open(path.string()).value();
    ByteSource memory = ByteSource::of_bytes("bytes", bytes);
    for (ByteSource* source : {&file, &memory}) {
      EXPECT_EQ(source->size(), bytes.size());
      EXPECT_EQ(read_all(*source, block), bytes);
      ASSERT_TRUE(source->rewind());
      EXPECT_EQ(read_all(*source, block), bytes);
    }
  }
  std::filesystem::remove(path);
}

TEST(ByteSourceTest, NamesWhatCannotBeRead) {
  EXPECT_THAT(ByteSource::open("/nowhere/x.csv").error().message, HasSubstr("cannot open '/nowhere/x.csv': No such"));
  EXPECT_THAT(ByteSource::open(testing::TempDir()).error().message, HasSubstr("it is a folder"));
}

}  // namespace
}  // namespace wasm_ml
