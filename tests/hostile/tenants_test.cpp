// Two instances on one host know nothing of each other's buffers.
#include <gtest/gtest.h>

#include <optional>
#include <span>

#include "hostile/run_guest.hpp"

namespace gpu_host::hostile {
namespace {

// A guest that has run and whose buffers are still there.
class Tenant {
 public:
  explicit Tenant(const GuestModule& guest) {
    const std::string text = guest.text();
    const auto module = shared_host().load(std::as_bytes(std::span(text)), "tenant");
    instance_.emplace(*Instance::create(*module, cpu_options()));
    result_ = instance_->run();
  }
  [[nodiscard]] const Result<int>& result() const { return result_; }

 private:
  std::optional<Instance> instance_;
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

TEST(Tenants, IdsOfAnotherInstanceAreInvalidBuffer) {
  GuestModule owner;
  for (int i = 0; i < 3; ++i) owner.buffer_of<std::uint8_t>({0xde, 0xad, 0xbe, 0xef});
  const Tenant first(owner);
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

TEST(Tenants, NewBufferReadsZerosWhateverAnotherInstanceLeft) {
  const std::initializer_list<std::uint64_t> sizes = {1, 24, 64, 4096, 100'000, 1'048'576};
  for (const bool destroys : {true, false}) {
    ASSERT_TRUE(passes(secretive(sizes, destroys)));  // the instance is gone after it
    EXPECT_TRUE(passes(prying(sizes)));
  }
}

TEST(Tenants, NewBufferReadsZerosWhateverTheInstanceItselfLeft) {
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

}  // namespace
}  // namespace gpu_host::hostile
