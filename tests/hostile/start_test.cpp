// What can go wrong in the guest itself, in its start section and in _start.
#include <gtest/gtest.h>

#include "hostile/run_guest.hpp"

namespace gpu_host::hostile {
namespace {

// The function runs when the module is instantiated.
GuestModule starting_with(const std::string& instructions) {
  GuestModule guest;
  guest.field("(func $early " + instructions + ") (start $early)");
  return guest;
}

constexpr const char* kCreate = "(call $buffer-create (i64.const 4) (i32.const 0) (i32.const 2048))";

TEST(StartSection, MayCallWasiGpu) {
  GuestModule guest = starting_with(kCreate);
  guest.expect_word(2048, 0).expect_word(2052, 1);
  guest.call("buffer-destroy", {1}).expect_ok();
  guest.call("buffer-create", {0, 0}).expect_invalid_params("size");  // cabi_realloc is known as well
  EXPECT_TRUE(passes(guest));
}

TEST(StartSection, ThatIsAFunctionOfTheHostHidesNoExports) {
  GuestModule guest;
  guest.field("(start $sync)");
  const auto id = guest.buffer_of<std::uint8_t>({1, 2});
  guest.expect_values<std::uint8_t>(id, {1, 2});
  EXPECT_TRUE(passes(guest));
}

TEST(StartSection, TrapsAreTraps) {
  EXPECT_TRUE(traps(starting_with("unreachable"), "unreachable"));
  EXPECT_TRUE(traps(starting_with("(call $buffer-destroy (i32.const 1) (i32.const -4))"), "result pointer"));
}

TEST(StartSection, MayExit) {
  EXPECT_TRUE(exits(run(starting_with("(call $proc_exit (i32.const 5))")), 5));
  EXPECT_TRUE(exits(run(starting_with("(call $proc_exit (i32.const 0))")), 0));
}

TEST(StartSection, WhatWasiRefusesIsNoLinkError) {
  EXPECT_TRUE(is_error(run(starting_with("(call $proc_exit (i32.const 200))")), ErrorKind::internal, "exit"));
}

TEST(StartSection, IsUnderTheTimeout) {
  InstanceOptions options = cpu_options();
  options.limits.timeout = std::chrono::milliseconds(100);
  EXPECT_TRUE(is_error(run(starting_with("(loop $forever (br $forever))"), options), ErrorKind::limit, "timeout"));
}

TEST(Guest, DataOutsideItsMemoryIsATrap) {
  GuestModule guest;
  guest.field("(data (i32.const 65535) \"ab\")");
  EXPECT_TRUE(traps(guest, "out of bounds memory access"));
}

TEST(Guest, TrapsOfItsOwnAreTraps) {
  EXPECT_TRUE(traps(GuestModule().code("unreachable"), "unreachable"));
  EXPECT_TRUE(traps(GuestModule().code("(drop (i32.load (i32.const 0x10000)))"), "out of bounds memory access"));
  EXPECT_TRUE(traps(GuestModule().code("(drop (i32.div_s (i32.const 1) (i32.const 0)))"), "divide by zero"));
}

TEST(Guest, RecursionWithoutEndIsATrap) {
  GuestModule guest;
  guest.field("(func $down (param i32) (result i32) (i32.add (call $down (local.get 0)) (i32.const 1)))");
  guest.code("(drop (call $down (i32.const 0)))");
  EXPECT_TRUE(traps(guest, "stack"));
}

// A host call from the last bit of the guest's stack.
TEST(Guest, RecursionThatCallsTheHostIsATrap) {
  GuestModule guest;
  guest.field(R"((func $down (call $buffer-create (i64.const 0) (i32.const 0) (i32.const 2048)) (call $down)
                   (call $sync)))");
  guest.realloc(R"((func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0x9000)))");
  guest.code("(call $down)");
  EXPECT_TRUE(traps(guest, "stack"));
}

TEST(Guest, ExitCodesComeThrough) {
  for (const int code : {0, 1, 42, 125}) {
    EXPECT_TRUE(exits(run(GuestModule().code("(call $proc_exit (i32.const " + std::to_string(code) + "))")), code));
  }
  InstanceOptions options = cpu_options();
  for (const UnknownImports unknown : {UnknownImports::refuse, UnknownImports::trap}) {
    options.unknown_imports = unknown;
    EXPECT_TRUE(
        is_error(run(GuestModule().code("(call $proc_exit (i32.const 200))"), options), ErrorKind::internal, "exit"));
  }
}

}  // namespace
}  // namespace gpu_host::hostile
