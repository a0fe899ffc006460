// Imports that the host does not have, or not like this.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "hostile/run_guest.hpp"

namespace gpu_host::hostile {
namespace {

// A module with one import, which _start calls when told to.
std::string importing(std::string_view from, std::string_view name, std::string_view type, bool calls = false) {
  return "(module (import \"" + std::string(from) + "\" \"" + std::string(name) + "\" (func $f " + std::string(type) +
         ")) (memory (export \"memory\") 1) (func (export \"_start\") " + (calls ? "(drop (call $f))" : "") + "))";
}

InstanceOptions with_unknown(UnknownImports unknown) {
  InstanceOptions options = cpu_options();
  options.unknown_imports = unknown;
  return options;
}

TEST(UnknownImport, IsRefusedByName) {
  const auto result = run_text(importing("env", "magic", "(result i32)"));
  EXPECT_TRUE(is_error(result, ErrorKind::link, "'magic' of 'env'"));
}

TEST(UnknownImport, AllAreNamed) {
  const auto result = run_text(R"((module (import "env" "one" (func)) (import "env" "two" (global i32))
                                    (import "a" "three" (memory 1)) (func (export "_start"))))");
  for (const std::string_view name : {"'one' of 'env'", "'two' of 'env'", "'three' of 'a'"}) {
    EXPECT_TRUE(is_error(result, ErrorKind::link, name));
  }
}

TEST(UnknownImport, MayTrapWhenCalled) {
  const auto options = with_unknown(UnknownImports::trap);
  EXPECT_TRUE(exits(run_text(importing("env", "magic", "(result i32)"), options), 0));
  EXPECT_TRUE(is_error(run_text(importing("env", "magic", "(result i32)", true), options), ErrorKind::trap, "magic"));
}

TEST(UnknownImport, MayTrapInAStartSection) {
  const auto result = run_text(R"((module (import "env" "magic" (func $f)) (start $f) (func (export "_start"))))",
                               with_unknown(UnknownImports::trap));
  EXPECT_TRUE(is_error(result, ErrorKind::trap, "magic"));
}

TEST(UnknownImport, MayReturnZero) {
  const auto options = with_unknown(UnknownImports::default_value);
  const auto result = run_text(R"((module (import "env" "magic" (func $f (param i64) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
    (func (export "_start") (call $exit (i32.add (call $f (i64.const 1)) (i32.const 9))))))",
                               options);
  EXPECT_TRUE(exits(result, 9));
}

TEST(UnknownImport, ThatIsNoFunctionMayBeZeroOrEmptyToo) {
  const auto result = run_text(R"((module (import "env" "number" (global i32)) (import "env" "pages" (memory 1))
    (import "env" "calls" (table 1 funcref)) (func (export "_start")
      (if (i32.add (global.get 0) (i32.load (i32.const 0))) (then unreachable)))))",
                               with_unknown(UnknownImports::default_value));
  EXPECT_TRUE(exits(result, 0));
}

TEST(UnknownImport, OfWasiGpuIsRefusedByName) {
  const struct {
    std::string_view from, name;
  } cases[] = {{"wasi:gpu/compute@0.1.0", "buffer-steal"},
               {"wasi:gpu/compute@0.3.0", "sync"},
               {"wasi:gpu/forest@0.1.0", "[method]growth.grow"},
               {"wasi:gpu/forest@0.2.0", "[method]growth.eat"},
               {"wasi:gpu/compute", "sync"},
               {"wasi:gpu/kernels@0.1.0", "kernel-matmul"},
               {"wasi:gpu/ml-kernels@0.1.0", "sync"},
               {"wasi:gpu/compute@0.1.0", "kernel-matmul"},
               {"wasi:gpu/compute@0.1.0", ""},
               {"wasi:gpu/compute@0.1.0", "Sync"},
               {"wasi:gpu/compute@0.1.0", "[constructor]buffer"}};
  for (const auto& [from, name] : cases) {
    const auto result = run_text(importing(from, name, ""));
    EXPECT_TRUE(is_error(result, ErrorKind::link, fmt::format("'{}' of '{}'", name, from)));
  }
}

TEST(ImportOfWasiGpu, OfBothVersionsWorksInOneModule) {
  const auto result = run_text(R"((module
      (import "wasi:gpu/compute@0.1.0" "buffer-create" (func $old (param i64 i32 i32)))
      (import "wasi:gpu/compute@0.2.0" "buffer-create" (func $new (param i64 i32 i32)))
      (memory (export "memory") 1)
      (func (export "_start")
        (call $old (i64.const 16) (i32.const 0) (i32.const 0))
        (call $new (i64.const 16) (i32.const 0) (i32.const 16))
        (if (i32.ne (i32.load (i32.const 4)) (i32.const 1)) (then unreachable))
        (if (i32.ne (i32.load (i32.const 20)) (i32.const 2)) (then unreachable)))))",
                               cpu_options());
  EXPECT_TRUE(exits(result, 0));
}

// The three ways of unknown imports change nothing for those that are known.
TEST(ImportOfWasiGpu, WithAnotherTypeIsALinkErrorThatNamesIt) {
  for (const auto unknown : {UnknownImports::refuse, UnknownImports::trap, UnknownImports::default_value}) {
    for (const Import& function : contract_imports()) {
      for (const std::string type : {"(param i32 i64 i64 i64)", "(result i32)"}) {
        const auto result = run_text(importing(function.interface, function.name, type), with_unknown(unknown));
        EXPECT_TRUE(is_error(result, ErrorKind::link, function.name)) << type;
        EXPECT_TRUE(is_error(result, ErrorKind::link, function.interface)) << type;
      }
    }
  }
}

TEST(ImportOfWasiGpu, ThatIsNoFunctionIsALinkErrorThatNamesIt) {
  const auto result = run_text(R"((module (import "wasi:gpu/compute@0.1.0" "sync" (global i32))
                                    (func (export "_start"))))");
  EXPECT_TRUE(is_error(result, ErrorKind::link, "sync"));
}

// Each with the type that the contract gives it, and alone.
TEST(ImportOfWasiGpu, IsThereForEveryFunction) {
  for (const Import& function : contract_imports()) {
    const auto text = importing(function.interface, function.name, "(param " + std::string(function.parameters) + ")");
    EXPECT_TRUE(exits(run_text(text), 0)) << function.name;
  }
}

// An import is enough, no call is needed: a guest must not run half-way first.
TEST(ImportOfWasiGpu, WithANamedDeviceThatIsNotThereFailsAtOnce) {
  InstanceOptions options = cpu_options();
  options.device.index = 99;
  const auto result = run_text(importing("wasi:gpu/compute@0.1.0", "sync", ""), options);
  EXPECT_TRUE(is_error(result, ErrorKind::not_found, "99"));
  EXPECT_TRUE(exits(run_text("(module (func (export \"_start\")))", options), 0));  // asks for no device
}

}  // namespace
}  // namespace gpu_host::hostile
