// Two instances on one host know nothing of each other's buffers.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <future>
#include <span>
#include <string>
#include <vector>

#include "hostile/on_each_backend.hpp"

namespace gpu_host::hostile {
namespace {

using Tenants = OnEachBackend;

Instance instantiate(const GuestModule& guest, const InstanceOptions& options) {
  const std::string text = guest.text();
  const auto module = shared_host().load(std::as_bytes(std::span(text)), "tenant");
  return Instance::create(*module, options).value();
}

// A guest that has run and whose buffers are still there.
class Tenant {
 public:
  Tenant(const GuestModule& guest, const InstanceOptions& options)
      : instance_(instantiate(guest, options)), result_(instance_.run()) {}
  [[nodiscard]] const Result<int>& result() const { return result_; }

 private:
  Instance instance_;
  Result<int> result_;
};

constexpr std::uint8_t kSecret[] = {0xde, 0xad, 0xbe, 0xef};

// Makes a buffer of each size and fills it with the secret; destroys it where told to.
GuestModule secretive(std::initializer_list<std::uint64_t> sizes, bool destroys) {
  GuestModule guest;
  guest.memory("(memory (export \"memory\") 33)");
  for (const std::uint64_t size : sizes) {
    const auto id = guest.buffer(size);
    guest.code("(memory.fill (i32.const 0x10000) (i32.const 0xad) (i32.const " + std::to_string(size) + "))");
    guest.call("buffer-write", {id, 0, kPage, size}).expect_ok();
    if (destroys) guest.call("buffer-destroy", {id}).expect_ok();
  }
  return guest;
}

// Makes a buffer of each size and looks for anything that is not zero.
GuestModule prying(std::initializer_list<std::uint64_t> sizes) {
  GuestModule guest;
  guest.memory("(memory (export \"memory\") 70)");
  guest.field(R"(
    (func $all_zero (param $at i32) (param $size i32) (result i32)
      (loop $next
        (if (i32.eqz (local.get $size)) (then (return (i32.const 1))))
        (if (i32.load8_u (local.get $at)) (then (return (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (br $next))
      unreachable))");
  for (const std::uint64_t size : sizes) {
    const auto id = guest.buffer(size);
    guest.call("buffer-read", {id, 0, size}).expect_ok().expect_word(kResult + 8, static_cast<std::uint32_t>(size));
    guest.expect("(call $all_zero (i32.load (i32.const 1028)) (i32.load (i32.const 1032)))", "all bytes are zero");
  }
  return guest;
}

// Looks at every byte of its memory, and of what it grows by, but for the code's own
// data: there is none.
GuestModule prying_in_memory() {
  GuestModule guest = prying({});
  guest.expect("(call $all_zero (i32.const 0) (i32.shl (memory.size) (i32.const 16)))", "the memory is zero");
  guest.expect("(i32.eq (memory.grow (i32.const 30)) (i32.const 70))", "it grows");
  guest.expect("(call $all_zero (i32.const 4587520) (i32.const 1966080))", "what it grew by is zero");
  return guest;
}

TEST_P(Tenants, IdsOfAnotherInstanceAreInvalidBuffer) {
  GuestModule owner;
  for (int i = 0; i < 3; ++i) owner.buffer_of<std::uint8_t>({0xde, 0xad, 0xbe, 0xef});
  const Tenant first(owner, options());
  ASSERT_TRUE(exits(first.result(), 0));

  GuestModule thief;
  const auto own = thief.buffer(4);
  thief.expect_values<std::uint8_t>(own, {0, 0, 0, 0});  // the same id, another buffer
  for (const std::uint32_t foreign : {2u, 3u}) {
    thief.call("buffer-read", {foreign, 0, 4}).expect_error(GpuErrorCode::invalid_buffer);
    thief.call("buffer-copy", {foreign, 0, own, 0, 4}).expect_error(GpuErrorCode::invalid_buffer);
    thief.call("buffer-destroy", {foreign}).expect_error(GpuErrorCode::invalid_buffer);
  }
  EXPECT_TRUE(passes(thief));
}

TEST_P(Tenants, NewBufferReadsZerosWhateverAnotherInstanceLeft) {
  const std::initializer_list<std::uint64_t> sizes = {1, 24, 64, 4096, 100'000, 1'048'576};
  for (const bool destroys : {true, false}) {
    ASSERT_TRUE(passes(secretive(sizes, destroys)));  // the instance is gone after it
    EXPECT_TRUE(passes(prying(sizes)));
  }
}

// Memory of one size may serve buffers of others.
TEST_P(Tenants, NewBufferReadsZerosWhateverSizeItsMemoryHadBefore) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(passes(secretive({1, 256, 270, 320, 5000, 98'304, 1'000'000}, i % 2 == 0)));
    EXPECT_TRUE(passes(prying({256, 1, 257, 319, 4999, 98'303, 999'998})));
  }
}

// What kernels leave in memory of their own is no secret of the guest's, but no zero either.
TEST_P(Tenants, NewBufferReadsZerosAfterKernels) {
  GuestModule working;
  const auto large = working.buffer(1'048'576);
  const auto output = working.buffer(1'048'576);
  working.call("kernel-bootstrap-sample", {262'144, 5, 1000, large}).expect_ok();
  for (const int op : {0, 4}) working.call("kernel-reduce", {262'144, op, large, output}).expect_ok();
  working.call("kernel-average", {1, 262'144, large, output}).expect_ok();
  working.call("buffer-copy", {large, 0, large, 3, 1'000'000}).expect_ok();
  working.call("kernel-find-split", {1000, 1, 0, 1000, large, large, large, large, output}).settle();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(passes(working));
    EXPECT_TRUE(passes(prying({32, 300, 4096, 8192, 16'384, 65'536, 1'000'000, 1'048'576})));
  }
}

TEST_P(Tenants, NewBufferReadsZerosWhateverTheInstanceItselfLeft) {
  GuestModule guest;
  for (int i = 0; i < 20; ++i) {
    const auto id = guest.buffer(sizeof kSecret);
    guest.expect_values<std::uint8_t>(id, {0, 0, 0, 0});
    guest.code("(call $buffer-write (i32.const " + std::to_string(id) +
               ") (i64.const 0) (i32.const 8) (i32.const 4) (i32.const 1024))");
    guest.call("buffer-destroy", {id});
  }
  guest.field("(data (i32.const 8) \"\\de\\ad\\be\\ef\")");
  EXPECT_TRUE(passes(guest));
}

TEST_P(Tenants, NewBufferReadsZerosWhileOthersComeAndGo) {
  const std::initializer_list<std::uint64_t> sizes = {8, 64, 4096, 100'000, 1'048'576};
  std::vector<std::future<testing::AssertionResult>> tenants;
  for (int i = 0; i < 8; ++i) {
    tenants.push_back(std::async(std::launch::async, [this, &sizes, i] {
      for (int round = 0; round < 5; ++round) {
        const auto passed = passes(i % 2 == 0 ? secretive(sizes, round % 2 == 0) : prying(sizes));
        if (!passed) return passed;
      }
      return testing::AssertionSuccess();
    }));
  }
  for (auto& tenant : tenants) EXPECT_TRUE(tenant.get());
}

// One computes, the other only makes errors, which a device may report late.
TEST_P(Tenants, GetTheirOwnResultsAndErrorsFromOneDevice) {
  GuestModule computing;
  const auto values = computing.buffer_of<float>({1, -2, 3, 4});
  const auto sum = computing.buffer(4);
  computing.code("(loop $next (global.set $heap (i32.const 0x8000))");
  computing.call("kernel-elementwise", {4, 0, values, 0, 0, values}).expect_ok();
  computing.call("kernel-reduce", {4, 0, values, sum}).expect_ok().expect_values<float>(sum, {8});
  computing.code("(call $count) (br_if $next (i32.lt_u (global.get $rounds) (i32.const 100))))");
  GuestModule failing;
  const auto zeros = failing.buffer(16);
  const auto far = failing.buffer_of<std::uint32_t>({7});
  const auto scores = failing.buffer(4);
  failing.code("(loop $next (global.set $heap (i32.const 0x8000))");
  failing.call("kernel-find-split", {1, 1, 0, 1, zeros, zeros, far, zeros, scores}).settle();
  failing.expect_error(GpuErrorCode::kernel_error, "indices[0]");
  failing.code("(call $count) (br_if $next (i32.lt_u (global.get $rounds) (i32.const 100))))");
  for (GuestModule* const guest : {&computing, &failing}) {
    guest->field("(global $rounds (mut i32) (i32.const 0))");
    guest->field("(func $count (global.set $rounds (i32.add (global.get $rounds) (i32.const 1))))");
  }
  std::vector<std::future<testing::AssertionResult>> tenants;
  for (int i = 0; i < 4; ++i) {
    tenants.push_back(std::async(std::launch::async, [&, i] { return passes(i % 2 == 0 ? computing : failing); }));
  }
  for (auto& tenant : tenants) EXPECT_TRUE(tenant.get());
}

TEST_P(Tenants, NewMemoryIsZeroWhateverAnotherInstanceLeft) {
  GuestModule untidy;
  untidy.memory("(memory (export \"memory\") 70)");
  untidy.code("(drop (memory.grow (i32.const 30)))");
  untidy.code("(memory.fill (i32.const 0) (i32.const 0xad) (i32.shl (memory.size) (i32.const 16)))");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(passes(untidy));
    EXPECT_TRUE(passes(prying_in_memory()));
  }
}

// What an embedder hands to one is nothing to the other, by whatever id.
TEST_P(Tenants, HaveTheirSharedArraysAlone) {
  std::array<std::byte, 4> array{};
  std::memcpy(array.data(), kSecret, sizeof kSecret);
  GuestModule owner;
  owner.expect_values<std::uint8_t>(1, {0xde, 0xad, 0xbe, 0xef})
      .expect_values<std::uint8_t>(2, {0xde, 0xad, 0xbe, 0xef});
  Instance first = instantiate(owner, options());
  ASSERT_EQ(first.share(array).value(), 1U);
  ASSERT_EQ(first.share_read_only(array).value(), 2U);

  GuestModule thief;
  for (const std::uint32_t foreign : {1u, 2u}) {
    thief.call("buffer-read", {foreign, 0, 4}).expect_error(GpuErrorCode::invalid_buffer);
    thief.call("buffer-write", {foreign, 0, 0, 4}).expect_error(GpuErrorCode::invalid_buffer);
    thief.call("kernel-elementwise", {1, 0, foreign, 0, 0, foreign}).expect_error(GpuErrorCode::invalid_buffer);
    thief.call("buffer-destroy", {foreign}).expect_error(GpuErrorCode::invalid_buffer);
  }
  Instance second = instantiate(thief, options());
  EXPECT_FALSE(second.read_buffer(1, 0, array));
  EXPECT_TRUE(exits(second.run(), 0));
  EXPECT_TRUE(exits(first.run(), 0));
}

// One array in two instances is the embedder's wish; each has it under its own id.
TEST_P(Tenants, DestroyTheirOwnShareOnly) {
  std::array<std::byte, 4> array{};
  std::memcpy(array.data(), kSecret, sizeof kSecret);
  GuestModule leaver;
  leaver.call("buffer-destroy", {1}).expect_ok();
  GuestModule stayer;
  stayer.expect_values<std::uint8_t>(2, {0xde, 0xad, 0xbe, 0xef});
  Instance second = instantiate(stayer, options());
  {
    Instance first = instantiate(leaver, options());
    ASSERT_EQ(first.share(array).value(), 1U);
    ASSERT_EQ(second.share(array).value(), 1U);
    ASSERT_EQ(second.share(array).value(), 2U);
    EXPECT_TRUE(exits(first.run(), 0));
  }
  EXPECT_TRUE(exits(second.run(), 0));
}

// However an instance ended: its buffers are nobody's, and its embedder can still
// fetch results, of its own only.
TEST_P(Tenants, OutliveWhatAnotherLeftWhenItEnded) {
  for (const char* end : {"unreachable", "(call $proc_exit (i32.const 3))"}) {
    GuestModule owner;
    owner.buffer_of<std::uint8_t>({0xde, 0xad, 0xbe, 0xef});
    owner.code(end);
    Instance ended = instantiate(owner, options());
    EXPECT_NE(ended.run().value_or(99), 0);
    EXPECT_TRUE(passes(GuestModule().call("buffer-read", {1, 0, 4}).expect_error(GpuErrorCode::invalid_buffer)));
    EXPECT_EQ(ended.run().error().kind, ErrorKind::invalid_argument);
    std::array<std::byte, 4> bytes{};
    ASSERT_TRUE(ended.read_buffer(1, 0, bytes));
    EXPECT_EQ(std::memcmp(bytes.data(), kSecret, sizeof kSecret), 0);
    EXPECT_FALSE(ended.read_buffer(2, 0, bytes));
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, Tenants, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::hostile
