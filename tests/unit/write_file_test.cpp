#include "cli/write_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace gpu_host::cli {
namespace {

namespace fs = std::filesystem;

class WriteFile : public testing::Test {
 protected:
  WriteFile() {
    std::string name = testing::TempDir() + "write_file_XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~WriteFile() override { fs::remove_all(folder_); }

  static Result<void> write(const fs::path& path, std::string_view text) {
    return write_file(path, std::as_bytes(std::span(text)));
  }

  static std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  [[nodiscard]] auto files() const { return std::distance(fs::directory_iterator(folder_), {}); }

  fs::path folder_;
};

TEST_F(WriteFile, CreatesAndReplaces) {
  const fs::path file = folder_ / "file";
  for (const std::string_view text : {"first, and longer", "second", ""}) {
    ASSERT_TRUE(write(file, text));
    EXPECT_EQ(content(file), text);
    EXPECT_EQ(files(), 1);
  }
}

TEST_F(WriteFile, KeepsALinkAndReplacesWhatItLeadsTo) {
  fs::create_directory(folder_ / "to");
  ASSERT_TRUE(write(folder_ / "to" / "file", "old"));
  fs::create_symlink("to/file", folder_ / "link");
  ASSERT_TRUE(write(folder_ / "link", "new"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(content(folder_ / "to" / "file"), "new");
}

TEST_F(WriteFile, WritesToWhatIsNoRegularFile) {
  EXPECT_TRUE(write("/dev/null", "text"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(WriteFile, TakesTheLongestName) { EXPECT_TRUE(write(folder_ / std::string(255, 'n'), "text")); }

TEST_F(WriteFile, GivesTheUsualPermissionsOrThoseOfTheOlderFile) {
  std::ofstream(folder_ / "usual").put('x');
  ASSERT_TRUE(write(folder_ / "new", "text"));
  EXPECT_EQ(fs::status(folder_ / "new").permissions(), fs::status(folder_ / "usual").permissions());
  fs::permissions(folder_ / "new", fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_TRUE(write(folder_ / "new", "newer"));
  EXPECT_EQ(fs::status(folder_ / "new").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(WriteFile, NamesWhatItCannotWrite) {
  for (const fs::path& path : {folder_, folder_ / "nosuch" / "file", fs::path("/dev/full"), fs::path("")}) {
    const auto written = write(path, "text");
    ASSERT_FALSE(written) << path;
    EXPECT_THAT(written.error().message, testing::HasSubstr("'" + path.string() + "'"));
    EXPECT_EQ(files(), 0);
  }
}

}  // namespace
}  // namespace gpu_host::cli
