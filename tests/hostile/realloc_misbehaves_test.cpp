// A cabi_realloc that does more than allocate: grows memory, traps, exits, loops,
// calls back.
#include <gtest/gtest.h>

#include <string>

#include "hostile/on_each_backend.hpp"
#include "hostile/realloc_guest.hpp"

namespace gpu_host::hostile {
namespace {

using ReallocMisbehaves = OnEachBackend;

// All three ways into cabi_realloc: buffer-read, an error's string, get-device-info.
std::vector<GuestModule> all_ways(const std::string& body) {
  std::vector<GuestModule> guests(3, with_realloc(realloc_of(body)));
  guests[0].call("buffer-read", {guests[0].buffer(4), 0, 4});
  guests[1].call("buffer-create", {0, 0});
  guests[2].call("get-device-info");
  // Reached only if the host let the guest go on.
  for (GuestModule& guest : guests) guest.code("(call $proc_exit (i32.const 120))");
  return guests;
}

TEST_P(ReallocMisbehaves, ThatTrapsEndsTheGuestWithItsOwnTrap) {
  for (const GuestModule& guest : all_ways("unreachable")) EXPECT_TRUE(traps(guest, "unreachable"));
  for (const GuestModule& guest : all_ways("(i32.div_u (i32.const 1) (i32.const 0))")) {
    EXPECT_TRUE(traps(guest, "divide by zero"));
  }
  for (const GuestModule& guest : all_ways("(i32.load (i32.const 0x10000))")) {
    EXPECT_TRUE(traps(guest, "out of bounds memory access"));
  }
  for (const GuestModule& guest : all_ways("(call $realloc (local.get 0) (local.get 1) (local.get 2) (local.get 3)) "
                                           "(drop) (i32.const 0x9000)")) {
    EXPECT_TRUE(traps(guest, "stack"));
  }
}

// Once it has trapped it is not called again, not even for the next string.
TEST_P(ReallocMisbehaves, ThatTrapsIsNotCalledAgain) {
  GuestModule guest = with_realloc("(global $calls (mut i32) (i32.const 0))" + realloc_of(R"(
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (i32.gt_u (global.get $calls) (i32.const 1)) (then (call $proc_exit (i32.const 121))))
    unreachable)"));
  guest.call("get-device-info");
  EXPECT_TRUE(traps(guest, "unreachable"));
}

TEST_P(ReallocMisbehaves, ThatReturnsGarbageIsNotCalledAgain) {
  GuestModule guest = with_realloc("(global $calls (mut i32) (i32.const 0))" + realloc_of(R"(
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (i32.gt_u (global.get $calls) (i32.const 1)) (then (call $proc_exit (i32.const 121))))
    (i32.const -1))"));
  guest.call("get-device-info");
  EXPECT_TRUE(traps(guest, "block from cabi_realloc"));
}

TEST_P(ReallocMisbehaves, ThatExitsEndsTheGuestWithItsCode) {
  for (const GuestModule& guest : all_ways("(call $proc_exit (i32.const 7)) unreachable")) {
    EXPECT_TRUE(exits(run(guest), 7));
  }
  for (const GuestModule& guest : all_ways("(call $proc_exit (i32.const 0)) unreachable")) {
    EXPECT_TRUE(exits(run(guest), 0));
  }
}

TEST_P(ReallocMisbehaves, ThatCallsAnyFunctionOfWasiGpuTraps) {
  for (const Import& function : contract_imports()) {
    std::string call = "(call $" + std::string(function.name);
    for (std::size_t at = 0; at < function.parameters.size(); at += 4) {
      call += " (" + std::string(function.parameters.substr(at, 3)) + ".const 0)";
    }
    for (const GuestModule& guest : all_ways(call + ") (i32.const 0x9000)")) {
      EXPECT_TRUE(traps(guest, "from inside cabi_realloc")) << function.name;
    }
  }
}

TEST_P(ReallocMisbehaves, MayCallTheRestOfWasi) {
  GuestModule guest;
  guest.import("(import \"wasi_snapshot_preview1\" \"sched_yield\" (func $yield (result i32)))");
  guest.realloc(realloc_of("(drop (call $yield)) (i32.const 0x9000)"));
  const auto id = guest.buffer_of<std::uint8_t>({1, 2, 3, 4});
  guest.expect_values<std::uint8_t>(id, {1, 2, 3, 4});
  EXPECT_TRUE(passes(guest));
}

// The guest may call wasi:gpu again as soon as the call is over.
TEST_P(ReallocMisbehaves, IsOverWhenTheCallIs) {
  GuestModule guest;
  for (int i = 0; i < 5; ++i) guest.call("get-device-info").call("buffer-create", {0, 0}).call("sync");
  guest.buffer(4);
  EXPECT_TRUE(passes(guest));
}

// Far enough that the memory must move; the result area and the block are in it.
TEST_P(ReallocMisbehaves, ThatGrowsMemoryStillGetsTheRightBytes) {
  const std::string growing = realloc_of(R"(
    (i32.shl (memory.grow (i32.const 1000)) (i32.const 16)))");
  GuestModule guest = with_realloc(growing);
  const auto id = guest.buffer_of<std::uint8_t>({1, 2, 3, 4});
  guest.call("buffer-read", {id, 0, 4}).expect_ok().expect_word(kResult + 4, kPage).expect_word(kPage, 0x0403'0201);
  guest.call("buffer-create", {0, 0}).expect_invalid_params("size").expect_word(kResult + 8, 1001 * kPage);
  guest.call("get-device-info")
      .expect_word(kResult + 12, static_cast<std::uint32_t>(backend().size()))
      .expect_word(kResult + 8, 3001 * kPage);
  guest.expect("(i32.eq (memory.size) (i32.const 5001))", "it grew five times");
  EXPECT_TRUE(passes(guest));
}

// The block that the host is given must be judged by the new size.
TEST_P(ReallocMisbehaves, ThatGrowsTooLittleTraps) {
  GuestModule guest =
      with_realloc(realloc_of("(i32.add (i32.shl (memory.grow (i32.const 1)) (i32.const 16)) "
                              "(i32.const 65533))"));
  guest.call("buffer-read", {guest.buffer(4), 0, 4});
  EXPECT_TRUE(traps(guest, "are outside the memory of 131072 bytes"));
}

TEST_P(ReallocMisbehaves, ThatLoopsMeetsTheTimeout) {
  InstanceOptions limited = options();
  limited.limits.timeout = std::chrono::milliseconds(100);
  for (const GuestModule& guest : all_ways("(loop $forever (br $forever)) unreachable")) {
    EXPECT_TRUE(is_error(run(guest, limited), ErrorKind::limit, "timeout"));
  }
}

// WASI itself as the allocator: the host calls it without a guest in between.
TEST_P(ReallocMisbehaves, ThatIsAFunctionOfWasiFailsCleanly) {
  GuestModule guest;
  guest.import(
      "(import \"wasi_snapshot_preview1\" \"fd_write\" (func $fd_write (param i32 i32 i32 i32) (result i32)))");
  guest.realloc("(export \"cabi_realloc\" (func $fd_write))");
  guest.call("buffer-read", {guest.buffer(4), 0, 4});
  EXPECT_TRUE(traps(guest, "cabi_realloc"));
}

INSTANTIATE_TEST_SUITE_P(Backends, ReallocMisbehaves, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::hostile
