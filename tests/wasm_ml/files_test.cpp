#include "files.hpp"

#include <gmock/gmock.h>

#include <filesystem>

namespace wasm_ml {
namespace {

using testing::HasSubstr;

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("files_test_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::ptrdiff_t n_files() const {
    return std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator());
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(FilesTest, WritesAndReplacesAndReadsBack) {
  const std::string bytes("\0\r\n\xff", 4);
  ASSERT_TRUE(write_file(path("f"), "before"));
  ASSERT_TRUE(write_file(path("f"), bytes));
  EXPECT_EQ(read_file(path("f")).value(), bytes);
  EXPECT_EQ(n_files(), 1);
}

TEST_F(FilesTest, LeavesFilesOfTheTemporaryNameAlone) {
  ASSERT_TRUE(write_file(path("f.tmp0"), "another's"));
  ASSERT_TRUE(write_file(path("f"), "new"));
  EXPECT_EQ(read_file(path("f.tmp0")).value(), "another's");
  EXPECT_EQ(read_file(path("f")).value(), "new");
}

TEST_F(FilesTest, AFailureToReplaceLeavesNothingBehind) {
  std::filesystem::create_directories(path("taken/inside"));
  const auto written = write_file(path("taken"), "new");
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("cannot write '" + path("taken") + "'"));
  EXPECT_EQ(n_files(), 1);
}

TEST_F(FilesTest, NamesWhatCannotBeOpened) {
  EXPECT_THAT(read_file(path("none")).error().message, HasSubstr("cannot open '" + path("none") + "': No such file"));
  EXPECT_THAT(write_file(path("none/f"), "x").error().message, HasSubstr("No such file"));
  EXPECT_THAT(read_file(path("")).error().message, HasSubstr("it is a folder"));
}

}  // namespace
}  // namespace wasm_ml
