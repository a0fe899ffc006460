#include "backend/cuda/libraries.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "fake_root.hpp"

namespace gpu_host::cuda {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kVariable = "WASMTIME_GPU_HOST_CUDA_PATH";
constexpr const char* kPython = "lib/python3.99/site-packages/nvidia/";

// The path that a library was opened by.
std::string path_of(void* library) {
  link_map* map = nullptr;
  EXPECT_EQ(dlinfo(library, RTLD_DI_LINKMAP, static_cast<void*>(&map)), 0);
  return map->l_name;
}

class CudaLibrariesTest : public test::FakeRoot {
 protected:
  void SetUp() override {
    FakeRoot::SetUp();
    for (const char* const name : {kVariable, "VIRTUAL_ENV", "CONDA_PREFIX", "HOME"}) {
      const char* const value = std::getenv(name);
      before_[name] = value == nullptr ? std::nullopt : std::optional<std::string>(value);
      unsetenv(name);
    }
  }
  void TearDown() override {
    for (const auto& [name, value] : before_) {
      if (value) {
        setenv(name.c_str(), value->c_str(), 1);
      } else {
        unsetenv(name.c_str());
      }
    }
    FakeRoot::TearDown();
  }

  // Sets the variable to a folder of the root.
  void name_folder(const char* variable, const std::string& folder) { setenv(variable, (root_ / folder).c_str(), 1); }

  // Some library, as this file.
  void put_library(const std::filesystem::path& file) {
    void* const some = dlopen("libm.so.6", RTLD_NOW);
    ASSERT_NE(some, nullptr);
    std::filesystem::create_directories((root_ / file).parent_path());
    std::filesystem::copy_file(path_of(some), root_ / file);
    dlclose(some);
  }

  // The path of what was opened, below the root where it is there; or the error.
  std::string opened(std::initializer_list<const char*> names, std::string_view package) {
    const auto library = open_library(names, package);
    if (!library) return "error: " + library.error().message;
    const std::string path = path_of(*library);
    dlclose(*library);
    return path.starts_with(root_.string()) ? path.substr(root_.string().size() + 1) : path;
  }

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

TEST_F(CudaLibrariesTest, NamedFolderComesFirst) {
  put_library("named/libm.so.6");
  name_folder(kVariable, "named");
  EXPECT_EQ(opened({"libm.so.6"}, ""), "named/libm.so.6");
  EXPECT_EQ(opened({"libm.so.6"}, "some"), "named/libm.so.6");
}

TEST_F(CudaLibrariesTest, NamedFolderIsNoPattern) {
  put_library("[n]*med/libwgh_some.so.1");
  name_folder(kVariable, "[n]*med");
  EXPECT_EQ(opened({"libwgh_some.so.1"}, ""), "[n]*med/libwgh_some.so.1");
}

TEST_F(CudaLibrariesTest, LoadersPathComesBeforePython) {
  put_library(std::string("env/") + kPython + "some/lib/libm.so.6");
  name_folder(kVariable, "empty");
  name_folder("VIRTUAL_ENV", "env");
  EXPECT_THAT(opened({"libm.so.6"}, "some"), testing::StartsWith("/"));
}

TEST_F(CudaLibrariesTest, FirstNameComesFirstWithinAFolder) {
  put_library("named/libwgh_some.so.1");
  put_library("named/libwgh_some.so.2");
  put_library(std::string("env/") + kPython + "some/lib/libwgh_some.so.3");
  name_folder(kVariable, "named");
  name_folder("VIRTUAL_ENV", "env");
  EXPECT_EQ(opened({"libwgh_some.so.2", "libwgh_some.so.1"}, "some"), "named/libwgh_some.so.2");
  EXPECT_EQ(opened({"libwgh_some.so.3", "libwgh_some.so.1"}, "some"), "named/libwgh_some.so.1");
}

TEST_F(CudaLibrariesTest, PythonsPackagesInTheirOrder) {
  const std::string package = std::string(kPython) + "some/lib/libwgh_some.so.1";
  const std::string all = std::string(kPython) + "cu13/lib/libwgh_some.so.1";
  const auto expect_next = [&](const std::string& file) {
    EXPECT_EQ(opened({"libwgh_some.so.1"}, "some"), file);
    std::filesystem::remove(root_ / file);
  };
  for (const std::string root : {"env/", "conda/", "home/.local/"}) {
    put_library(root + package);
    put_library(root + all);
  }
  put_library("conda/lib/libwgh_some.so.1");
  name_folder("VIRTUAL_ENV", "env");
  name_folder("CONDA_PREFIX", "conda");
  name_folder("HOME", "home");
  EXPECT_THAT(opened({"libwgh_some.so.1"}, ""), HasSubstr("error"));
  EXPECT_THAT(opened({"libwgh_some.so.1"}, "other"), "conda/lib/libwgh_some.so.1");
  expect_next("conda/lib/libwgh_some.so.1");
  for (const std::string root : {"env/", "conda/", "home/.local/"}) {
    expect_next(root + package);
    expect_next(root + all);
  }
  EXPECT_THAT(opened({"libwgh_some.so.1"}, "some"), HasSubstr("error"));
}

TEST_F(CudaLibrariesTest, DistPackagesCountAsWell) {
  const std::string file = "env/lib/python3/dist-packages/nvidia/some/lib/libwgh_some.so.1";
  put_library(file);
  name_folder("VIRTUAL_ENV", "env");
  EXPECT_EQ(opened({"libwgh_some.so.1"}, "some"), file);
}

TEST_F(CudaLibrariesTest, WhatIsBrokenIsPassedOver) {
  put("named/libwgh_some.so.1", "no library");
  name_folder(kVariable, "named");
  EXPECT_THAT(opened({"libwgh_some.so.1"}, "some"),
              AllOf(HasSubstr("libwgh_some.so.1 cannot be opened: "), HasSubstr((root_ / "named").string())));
  const std::string good = std::string("env/") + kPython + "some/lib/libwgh_some.so.1";
  put_library(good);
  name_folder("VIRTUAL_ENV", "env");
  EXPECT_EQ(opened({"libwgh_some.so.1"}, "some"), good);
}

TEST_F(CudaLibrariesTest, ErrorNamesWhatWasLookedForAndWhere) {
  const std::string text = opened({"libwgh_some.so.1", "libwgh_some.so.2"}, "some");
  EXPECT_THAT(text, HasSubstr("libwgh_some.so.1 or libwgh_some.so.2 was not found"));
  EXPECT_THAT(text, HasSubstr(kVariable));
  EXPECT_THAT(text, HasSubstr("nvidia/some/lib"));
  EXPECT_THAT(opened({"libwgh_some.so.1"}, ""), Not(HasSubstr("Python")));
}

}  // namespace
}  // namespace gpu_host::cuda
