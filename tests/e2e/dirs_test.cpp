// Folders: the guest sees those it is given, and nothing outside them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

class Dirs : public testing::Test {
 protected:
  Outcome probe(std::vector<std::string> options, const std::vector<std::string>& command) const {
    options.push_back(guest("wasi_probe"));
    options.insert(options.end(), command.begin(), command.end());
    return run_program(options);
  }
  [[nodiscard]] std::string inside() const { return (folder_.path() / "inside").string(); }

  TempFolder folder_;
  std::string file_ = folder_.add("inside/file.txt", "content");
  std::string secret_ = folder_.add("secret.txt", "secret");
};

TEST_F(Dirs, NoneIsVisibleUnlessGiven) {
  for (const std::string& path : {std::string("."), std::string("/"), inside()}) {
    const Outcome listed = probe({}, {"list", path});
    EXPECT_EQ(listed.exit_code, 1) << listed;
    EXPECT_EQ(listed.out, "");
  }
  EXPECT_EQ(probe({}, {"read", file_}).exit_code, 1);
}

TEST_F(Dirs, WorkdirIsTheGuestsDot) {
  for (const char* option : {"-d", "--workdir"}) {
    const Outcome read = probe({option, inside()}, {"read", "file.txt"});
    EXPECT_EQ(read.exit_code, 0) << read;
    EXPECT_EQ(read.out, "content");
  }
  const Outcome written = probe({"-d", inside()}, {"write", "new.txt", "from the guest"});
  EXPECT_EQ(written.exit_code, 0) << written;
  EXPECT_EQ(read_file(folder_.path() / "inside/new.txt"), "from the guest");
}

TEST_F(Dirs, TheCurrentFolderMayBeTheGuestsDot) {
  const Outcome read = run_program({"-S", "cwd", guest("wasi_probe"), "read", "file.txt"}, {.folder = inside()});
  EXPECT_EQ(read.out, "content") << read;
  const Outcome off = run_program({"-S", "cwd=n", guest("wasi_probe"), "read", "file.txt"}, {.folder = inside()});
  EXPECT_EQ(off.exit_code, 1) << off;
}

TEST_F(Dirs, ByItsOwnNameOrAnother) {
  EXPECT_EQ(probe({"--dir", inside()}, {"read", file_}).out, "content");
  EXPECT_EQ(probe({"--dir", inside() + "::/data"}, {"read", "/data/file.txt"}).out, "content");
  EXPECT_EQ(probe({"--dir", inside() + "::/data"}, {"read", file_}).exit_code, 1);
}

TEST_F(Dirs, SeveralAtOnce) {
  folder_.add("other/file.txt", "other");
  const std::vector<std::string> options{
      "-d", inside(), "--dir", inside() + "::/a", "--dir", (folder_.path() / "other").string() + "::/b"};
  EXPECT_EQ(probe(options, {"read", "file.txt"}).out, "content");
  EXPECT_EQ(probe(options, {"read", "/a/file.txt"}).out, "content");
  EXPECT_EQ(probe(options, {"read", "/b/file.txt"}).out, "other");
}

TEST_F(Dirs, TheGuestCannotLeaveThem) {
  std::filesystem::create_symlink("../secret.txt", folder_.path() / "inside/relative");
  std::filesystem::create_symlink(secret_, folder_.path() / "inside/absolute");
  std::filesystem::create_directory_symlink("..", folder_.path() / "inside/up");
  for (const std::string& path : {std::string("../secret.txt"), std::string("relative"), std::string("absolute"),
                                  std::string("up/secret.txt"), std::string("./x/../../secret.txt"), secret_}) {
    const Outcome read = probe({"-d", inside()}, {"read", path});
    EXPECT_EQ(read.exit_code, 1) << path << "\n" << read;
    EXPECT_EQ(read.out, "");
    const Outcome written = probe({"-d", inside()}, {"write", path, "overwritten"});
    EXPECT_EQ(written.exit_code, 1) << path << "\n" << written;
    EXPECT_EQ(read_file(secret_), "secret");
  }
}

TEST_F(Dirs, OneThatIsMissingOrAFile) {
  for (const char* option : {"-d", "--dir"}) {
    const Outcome missing = probe({option, inside() + "/nosuch"}, {"list", "."});
    EXPECT_EQ(missing.exit_code, kHostError) << missing;
    EXPECT_THAT(missing.err, HasSubstr("/nosuch"));
    const Outcome file = probe({option, file_}, {"list", "."});
    EXPECT_EQ(file.exit_code, kHostError) << file;
    EXPECT_THAT(file.err, HasSubstr("file.txt"));
    EXPECT_THAT(file.err, HasSubstr("not a folder"));
  }
}

}  // namespace
}  // namespace gpu_host::e2e
