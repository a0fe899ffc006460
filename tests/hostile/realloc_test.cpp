// A cabi_realloc that is missing, or returns something that it should not.
#include <gtest/gtest.h>

#include <string>

#include "hostile/on_each_backend.hpp"
#include "hostile/realloc_guest.hpp"

namespace gpu_host::hostile {
namespace {

using Realloc = OnEachBackend;

using enum GpuErrorCode;

// Calls that need a block: a read, an error with a string, the device's strings.
GuestModule reading(const std::string& field) {
  GuestModule guest = with_realloc(field);
  const auto id = guest.buffer_of<std::uint8_t>({1, 2, 3, 4});
  guest.call("buffer-read", {id, 0, 4});
  return guest;
}
GuestModule failing(const std::string& field) { return with_realloc(field).call("buffer-create", {0, 0}); }
GuestModule asking(const std::string& field) { return with_realloc(field).call("get-device-info"); }

TEST_P(Realloc, GetsZerosTheAlignmentAndTheSize) {
  GuestModule guest = with_realloc(realloc_of(R"(
    (if (i32.or (local.get 0) (local.get 1)) (then (call $proc_exit (i32.const 101))))
    (if (i32.ne (local.get 2) (i32.const 1)) (then (call $proc_exit (i32.const 102))))
    (if (i32.ne (local.get 3) (i32.const 4)) (then (call $proc_exit (i32.const 103))))
    (i32.const 0x9000))"));
  const auto id = guest.buffer_of<std::uint8_t>({1, 2, 3, 4});
  guest.expect_values<std::uint8_t>(id, {1, 2, 3, 4});
  EXPECT_TRUE(passes(guest));
}

TEST_P(Realloc, MissingLeavesErrorStringsEmpty) {
  GuestModule guest = with_realloc("");
  guest.code("(memory.fill (i32.const 1024) (i32.const 0xaa) (i32.const 16))");
  guest.call("buffer-create", {0, 0})
      .expect_invalid_params("")
      .expect_word(kResult + 8, 0)
      .expect_word(kResult + 12, 0);
  const auto id = guest.buffer(4);
  guest.call("buffer-write", {id, 0, kData, 5}).expect_invalid_params("").expect_word(kResult + 12, 0);
  EXPECT_TRUE(passes(guest));
}

TEST_P(Realloc, MissingTrapsWhereABlockIsNeeded) {
  EXPECT_TRUE(traps(reading(""), "must export cabi_realloc"));
  EXPECT_TRUE(traps(asking(""), "must export cabi_realloc"));
  GuestModule empty = with_realloc("");
  empty.call("buffer-read", {empty.buffer(4), 0, 0});
  EXPECT_TRUE(traps(empty, "must export cabi_realloc"));
}

TEST_P(Realloc, MissingDoesNotHideAnError) {
  GuestModule guest = with_realloc("");
  guest.call("buffer-read", {7, 0, 4}).expect_error(invalid_buffer);
  EXPECT_TRUE(passes(guest));
}

TEST_P(Realloc, ThatIsNoFunctionIsMissing) {
  EXPECT_TRUE(traps(reading("(global (export \"cabi_realloc\") i32 (i32.const 0))"), "must export cabi_realloc"));
}

TEST_P(Realloc, OfAnotherTypeTraps) {
  for (const std::string type :
       {"(param i32 i32 i32) (result i32)", "(param i32 i32 i32 i64) (result i32)", "(param i32 i32 i32 i32)",
        "(param i32 i32 i32 i32) (result i64)", "(param i32 i32 i32 i32) (result i32 i32)",
        "(param i32 i32 i32 i32 i32) (result i32)", ""}) {
    const std::string field = "(func (export \"cabi_realloc\") " + type + " unreachable)";
    EXPECT_TRUE(traps(reading(field), "cabi_realloc must take four i32")) << type;
    EXPECT_TRUE(traps(failing(field), "cabi_realloc must take four i32")) << type;
    EXPECT_TRUE(traps(asking(field), "cabi_realloc must take four i32")) << type;
  }
}

TEST_P(Realloc, ReturningZeroIsOutOfMemory) {
  const std::string none = realloc_of("(i32.const 0)");
  EXPECT_TRUE(passes(reading(none).expect_error(out_of_memory)));
  EXPECT_TRUE(passes(failing(none).expect_error(out_of_memory)));
  EXPECT_TRUE(traps(asking(none), "cabi_realloc returned 0"));
  GuestModule guest = with_realloc(none);
  guest.code("(memory.fill (i32.const 1024) (i32.const 0xaa) (i32.const 16))");
  guest.call("buffer-create", {0, 0}).expect_word(kResult + 4, 0).expect_word(kResult + 8, 0xaaaa'aaaa);
  EXPECT_TRUE(passes(guest));
}

TEST_P(Realloc, ReturningZeroForNothingIsFine) {
  GuestModule guest = with_realloc(realloc_of("(i32.const 0)"));
  guest.call("buffer-read", {guest.buffer(4), 4, 0}).expect_ok().expect_word(kResult + 8, 0);
  EXPECT_TRUE(passes(guest));
}

TEST_P(Realloc, ReturningABlockOutsideMemoryTraps) {
  for (const std::string block : {"65533", "65536", "0x7fffffff", "0x80000000", "0xfffffffc", "0xffffffff"}) {
    const std::string field = realloc_of("(i32.const " + block + ")");
    EXPECT_TRUE(traps(reading(field), "block from cabi_realloc")) << block;
    EXPECT_TRUE(traps(failing(field), "block from cabi_realloc")) << block;
    EXPECT_TRUE(traps(asking(field), "block from cabi_realloc")) << block;
  }
}

TEST_P(Realloc, ReturningABlockOutsideMemoryForNothingTraps) {
  GuestModule guest = with_realloc(realloc_of("(i32.const 65537)"));
  guest.call("buffer-read", {guest.buffer(4), 0, 0});
  EXPECT_TRUE(traps(guest, "block from cabi_realloc"));
}

TEST_P(Realloc, BlockMayEndWithTheMemory) {
  GuestModule guest = reading(realloc_of("(i32.const 65532)"));
  guest.expect_ok().expect_word(kPage - 4, 0x0403'0201);
  EXPECT_TRUE(passes(guest));
}

// Bytes and characters have no alignment of their own.
TEST_P(Realloc, OddBlocksAreFineForBytes) {
  GuestModule guest = reading(realloc_of("(i32.const 0x9003)"));
  guest.expect_ok().expect_word(0x9003, 0x0403'0201);
  EXPECT_TRUE(passes(guest));
}

TEST_P(Realloc, BlockOverTheResultAreaHarmsOnlyTheGuest) {
  GuestModule read = reading(realloc_of("(i32.const 1024)"));
  read.expect_ok().expect_word(kResult + 4, kResult).expect_word(kResult + 8, 4);
  EXPECT_TRUE(passes(read));
  GuestModule failed = failing(realloc_of("(i32.const 1028)"));
  failed.expect_word(kResult, 1).expect_word(kResult + 4, 4).expect_word(kResult + 8, kResult + 4);
  EXPECT_TRUE(passes(failed));
}

TEST_P(Realloc, SameBlockTwiceHarmsOnlyTheGuest) {
  GuestModule guest = asking(realloc_of("(i32.const 0x9000)"));
  guest.expect_word(kResult, 0x9000).expect_word(kResult + 8, 0x9000).expect_word(kResult + 28, 0x9000);
  EXPECT_TRUE(passes(guest));
}

TEST_P(Realloc, BlockOverTheSourceOfAnEarlierWriteHarmsOnlyTheGuest) {
  GuestModule guest = with_realloc(realloc_of("(i32.const 0x1000)"));
  const auto a = guest.buffer_of<std::uint8_t>({1, 2, 3, 4});
  guest.call("buffer-write", {a, 2, 0x1000, 3}).expect_invalid_params("").expect_word(kResult + 8, 0x1000);
  guest.call("buffer-read", {a, 0, 4}).expect_ok().expect_word(0x1000, 0x0403'0201);
  EXPECT_TRUE(passes(guest));
}

TEST_P(Realloc, IsNotCalledInLegacyForErrors) {
  InstanceOptions legacy = options();
  legacy.gpu_abi = GpuAbi::legacy;
  EXPECT_TRUE(passes(failing(realloc_of("unreachable")).expect_error(invalid_params), legacy));
}

INSTANTIATE_TEST_SUITE_P(Backends, Realloc, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::hostile
