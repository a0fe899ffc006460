// Modules that cannot be run: the message names the file and what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;
using namespace std::string_view_literals;

void expect_refused(const Outcome& outcome, const std::string& file, const std::string& reason) {
  EXPECT_EQ(outcome.exit_code, kHostError) << outcome;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr(file));
  EXPECT_THAT(outcome.err, HasSubstr(reason));
}

void expect_content_refused(std::string_view content, const std::string& reason) {
  const TempFolder folder;
  expect_refused(run_program({folder.add("module.wasm", content)}), "module.wasm", reason);
  expect_refused(run_program({"-"}, {.input = std::string(content)}), "standard input", reason);
}

TEST(ModuleErrors, Missing) { expect_refused(run_program({"/nosuch/module.wasm"}), "/nosuch/module.wasm", "no such"); }

TEST(ModuleErrors, AFolder) {
  const TempFolder folder;
  expect_refused(run_program({folder.path().string()}), folder.path().string(), "folder");
}

TEST(ModuleErrors, Empty) { expect_content_refused("", "empty"); }

TEST(ModuleErrors, NotWebAssembly) {
  expect_content_refused("\x89PNG\r\n\x1a\n and so on\xff\xfe", "not WebAssembly");
  expect_content_refused("PK\3\4", "offset 0x0");
  expect_content_refused("(module (func (export \"_start\") (nosuch)))", "nosuch");
}

TEST(ModuleErrors, AnotherVersion) { expect_content_refused("\0asm\7\0\0\0"sv, "version"); }

TEST(ModuleErrors, Truncated) {
  const std::string whole = read_file(guest("wasi_probe"));
  for (const std::size_t size : {std::size_t{5}, whole.size() / 2, whole.size() - 1}) {
    expect_content_refused(std::string_view(whole).substr(0, size), "offset");
  }
}

TEST(ModuleErrors, AComponent) {
  expect_content_refused("\0asm\x0d\0\1\0"sv, "component");
  expect_content_refused("(component)", "component");
}

TEST(ModuleErrors, NoStart) {
  expect_content_refused("(module)", "_start");
  expect_content_refused("(module (memory (export \"_start\") 1))", "_start");
  expect_content_refused("(module (func (export \"_start\") (param i32)))", "_start");
}

}  // namespace
}  // namespace gpu_host::e2e
