// Pointers and lengths that leave the guest's memory, of every function.
#include <gtest/gtest.h>

#include <string>

#include "hostile/on_each_backend.hpp"

namespace gpu_host::hostile {
namespace {

// Arguments that are well-formed, so that only the result pointer is wrong.
Arguments harmless_arguments(const Import& function) {
  Arguments arguments;
  const bool has_blank = function.parameters.find(' ') != std::string_view::npos;
  for (char c : function.parameters) {
    if (c == ' ') arguments.emplace_back(0);
  }
  return has_blank ? arguments : Arguments{};
}

std::uint32_t result_size(const Import& function) { return function.name == "get-device-info" ? 40 : 16; }
std::uint32_t result_align(const Import& function) { return function.name == "get-device-info" ? 8 : 4; }

// Every function that has a result.
class ResultPointer : public testing::TestWithParam<Import> {
 protected:
  // The guest's own exit would show that the host called it before it looked at
  // the pointer.
  static GuestModule guest(std::uint32_t result) {
    GuestModule made;
    made.realloc(R"((func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                       (call $proc_exit (i32.const 99)) unreachable))");
    made.call_at(result, GetParam().name, harmless_arguments(GetParam()));
    return made;
  }
};

TEST_P(ResultPointer, OutsideMemoryTraps) {
  const std::uint32_t size = result_size(GetParam());
  const std::uint32_t align = result_align(GetParam());
  for (const std::uint32_t result : {kPage - size + align, kPage - align, kPage, kPage + 8, 0x7fff'fff8u, 0x8000'0000u,
                                     0u - 40u, 0u - 16u, 0u - 8u}) {
    EXPECT_TRUE(traps(guest(result), "outside the memory of 65536 bytes")) << result;
  }
}

TEST_P(ResultPointer, MisalignedTraps) {
  const std::uint32_t align = result_align(GetParam());
  for (const std::uint32_t offset : {1u, 2u, 3u, align / 2, align - 1}) {
    EXPECT_TRUE(traps(guest(kResult + offset), "is not aligned to " + std::to_string(align))) << offset;
  }
}

TEST_P(ResultPointer, MayEndWithTheMemory) {
  const std::uint32_t result = kPage - result_size(GetParam());
  GuestModule made;
  made.call_at(result, GetParam().name, harmless_arguments(GetParam()));
  if (GetParam().name == "get-device-info") {
    made.expect_word(result + 12, 3);  // the length of "cpu"
  } else {
    made.expect_word(result, 1);
  }
  EXPECT_TRUE(passes(made));
}

// The older guests reserve less: their results may begin later.
TEST_P(ResultPointer, OfTheLegacyEncodingIsShorter) {
  InstanceOptions legacy = cpu_options();
  legacy.gpu_abi = GpuAbi::legacy;
  std::uint32_t size = 8;
  if (GetParam().name == "buffer-read") size = 12;
  if (GetParam().name == "get-device-info") size = 40;
  GuestModule made;
  made.call_at(kPage - size, GetParam().name, harmless_arguments(GetParam()));
  EXPECT_TRUE(passes(made, legacy));
  EXPECT_TRUE(traps(guest(kPage - size + result_align(GetParam())), "outside the memory of 65536 bytes", legacy));
}

std::vector<Import> functions_with_results() {
  std::vector<Import> functions;
  for (const Import& function : contract_imports()) {
    if (!function.parameters.empty()) functions.push_back(function);
  }
  return functions;
}

std::string test_name(const testing::TestParamInfo<Import>& info) {
  std::string name(info.param.name);
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Of, ResultPointer, testing::ValuesIn(functions_with_results()), test_name);

using ListPointer = OnEachBackend;
using Pointers = OnEachBackend;

GuestModule writing(std::uint32_t pointer, std::uint32_t length) {
  GuestModule guest;
  const auto id = guest.buffer(16);
  guest.call("buffer-write", {id, 0, pointer, length});
  return guest;
}

TEST_P(ListPointer, OutsideMemoryTraps) {
  const struct {
    std::uint32_t pointer, length;
  } cases[] = {
      {kPage - 15, 16},    {kPage, 1},       {kPage, 0xffff'ffff},       {0xffff'fff0, 0x10},
      {0xffff'fff0, 0x11}, {0xffff'ffff, 1}, {0xffff'ffff, 0xffff'ffff}, {0, kPage + 1},
      {0, 0xffff'ffff},    {8, 0xffff'fff8}, {8, 0xffff'fff9},           {0x8000'0000, 0x8000'0000},
      {0x8000'0000, 16},
  };
  for (const auto& [pointer, length] : cases) {
    EXPECT_TRUE(traps(writing(pointer, length), "list<u8>: ")) << pointer << ' ' << length;
  }
}

TEST_P(ListPointer, OutsideMemoryTrapsBeforeTheBufferIsLookedAt) {
  GuestModule guest;
  guest.call("buffer-write", {77, 0, kPage, 1});
  EXPECT_TRUE(traps(guest, "list<u8>: 1 bytes at address 0x10000 are outside the memory of 65536 bytes"));
}

TEST_P(ListPointer, EmptyListMustBeginInsideMemoryToo) {
  EXPECT_TRUE(passes(writing(kPage, 0).expect_ok()));
  EXPECT_TRUE(passes(writing(0, 0).expect_ok()));
  EXPECT_TRUE(traps(writing(kPage + 1, 0), "list<u8>: 0 bytes"));
  EXPECT_TRUE(traps(writing(0xffff'ffff, 0), "list<u8>: 0 bytes"));
}

TEST_P(ListPointer, MayEndWithTheMemory) { EXPECT_TRUE(passes(writing(kPage - 16, 16).expect_ok())); }

TEST_P(ListPointer, WholeMemoryIsTooLongForTheBuffer) {
  EXPECT_TRUE(passes(writing(0, kPage).expect_invalid_params("65536 bytes at offset 0 exceed the buffer's 16 bytes")));
}

TEST_P(ListPointer, MayCoverTheResultArea) {
  GuestModule guest;
  const auto id = guest.buffer(16);
  const std::uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8};
  guest.code("(i64.store (i32.const 1024) (i64.const 0x0807060504030201))");
  guest.call("buffer-write", {id, 0, kResult, 8}).expect_ok().expect_contents(id, 0, bytes);
  EXPECT_TRUE(passes(guest));
}

TEST_P(Pointers, AreJudgedByTheMemoryAsItIsNow) {
  GuestModule guest;
  const auto id = guest.buffer(16);
  guest.code("(drop (memory.grow (i32.const 1)))");
  guest.call("buffer-write", {id, 0, kPage + 100, 16}).expect_ok();
  guest.call_at(2 * kPage - 16, "buffer-destroy", {id}).expect_word(2 * kPage - 16, 0);
  EXPECT_TRUE(passes(guest));
}

// All of a 32-bit address space: nothing may wrap around at its end.
TEST_P(Pointers, AtTheEndOfFourGibibytes) {
  InstanceOptions roomy = options();
  roomy.limits.guest_memory = std::uint64_t{4} << 30U;
  GuestModule guest;
  guest.memory("(memory (export \"memory\") 65536)");
  const auto id = guest.buffer(16);
  guest.code("(i32.store8 (i32.const 0xffffffff) (i32.const 0x5a))");
  guest.call("buffer-write", {id, 3, 0xffff'ffff, 1}).expect_ok();
  guest.expect_values<std::uint8_t>(id, {0, 0, 0, 0x5a, 0});
  guest.call("buffer-write", {id, 0, 0xffff'fff0, 16}).expect_ok();
  guest.call_at(0xffff'fff0, "buffer-write", {id, 0, 0, 17}).expect_word(0xffff'fff0, 1).expect_word(0xffff'fff4, 4);
  guest.call_at(0xffff'ffd8, "get-device-info")
      .expect_word(0xffff'ffd8 + 12, static_cast<std::uint32_t>(backend().size()));
  EXPECT_TRUE(passes(guest, roomy));
  for (const std::uint32_t length : {2u, 0xffff'ffffu}) {
    GuestModule beyond;
    beyond.memory("(memory (export \"memory\") 65536)");
    beyond.call("buffer-write", {1, 0, 0xffff'ffff, length});
    EXPECT_TRUE(traps(beyond, "outside the memory of 4294967296 bytes", roomy));
  }
  GuestModule result_beyond;
  result_beyond.memory("(memory (export \"memory\") 65536)").call_at(0xffff'fff4, "buffer-destroy", {1});
  EXPECT_TRUE(traps(result_beyond, "result pointer: 16 bytes at address 0xfffffff4", roomy));
}

INSTANTIATE_TEST_SUITE_P(Backends, ListPointer, testing::ValuesIn(backend_names()), backend_test_name);
INSTANTIATE_TEST_SUITE_P(Backends, Pointers, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::hostile
