// A folder with the files of proc and sys that a test gives.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace gpu_host::test {

class FakeRoot : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "fake_root.XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    put("proc/meminfo", "MemTotal:        1000 kB\nMemFree: 1 kB\nMemAvailable: 600 kB\n");
    put("proc/cpuinfo", "processor\t: 0\nmodel name\t: Some Processor 9000\n");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void put(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  std::filesystem::path root_;
};

}  // namespace gpu_host::test
