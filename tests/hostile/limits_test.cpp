// Guests that want more than they may have.
#include <gtest/gtest.h>

#include "hostile/on_each_backend.hpp"

namespace gpu_host::hostile {
namespace {

using BufferQuota = OnEachBackend;
using MemoryQuota = OnEachBackend;
using Quotas = OnEachBackend;

using enum GpuErrorCode;

TEST_P(BufferQuota, IsTheNumberOfLiveBuffers) {
  InstanceOptions limited = options();
  limited.limits.gpu_buffers = 10;
  GuestModule guest;
  for (int i = 0; i < 10; ++i) guest.buffer(8);
  for (int i = 0; i < 3; ++i) guest.call("buffer-create", {8, 0}).expect_error(out_of_memory);
  guest.call("buffer-destroy", {4}).expect_ok();
  guest.buffer(8);
  guest.call("buffer-create", {8, 0}).expect_error(out_of_memory);
  guest.expect_values<std::uint64_t>(10, {0});  // the others are unharmed
  EXPECT_TRUE(passes(guest, limited));
}

TEST_P(BufferQuota, OfNoneRefusesTheFirst) {
  InstanceOptions limited = options();
  limited.limits.gpu_buffers = 0;
  EXPECT_TRUE(passes(GuestModule().call("buffer-create", {1, 0}).expect_error(out_of_memory), limited));
}

TEST_P(MemoryQuota, IsExact) {
  InstanceOptions limited = options();
  limited.limits.gpu_memory = 1000;
  GuestModule guest;
  guest.call("buffer-create", {1001, 0}).expect_error(out_of_memory);
  const auto all = guest.buffer(1000);
  guest.call("buffer-create", {1, 0}).expect_error(out_of_memory);
  guest.call("buffer-destroy", {all}).expect_ok();
  const auto most = guest.buffer(999);
  guest.call("buffer-create", {2, 0}).expect_error(out_of_memory);
  guest.buffer(1);
  guest.call("buffer-create", {1, 0}).expect_error(out_of_memory);
  guest.call("buffer-destroy", {most}).expect_ok();
  guest.call("buffer-create", {1000, 0}).expect_error(out_of_memory);
  guest.buffer(999);
  EXPECT_TRUE(passes(guest, limited));
}

TEST_P(MemoryQuota, OfNoneRefusesTheFirst) {
  InstanceOptions limited = options();
  limited.limits.gpu_memory = 0;
  EXPECT_TRUE(passes(GuestModule().call("buffer-create", {1, 0}).expect_error(out_of_memory), limited));
}

// A failed destroy gives nothing back.
TEST_P(MemoryQuota, IsNotGrownByDestroyingTwice) {
  InstanceOptions limited = options();
  limited.limits.gpu_memory = 100;
  GuestModule guest;
  const auto first = guest.buffer(60);
  guest.call("buffer-destroy", {first}).expect_ok();
  guest.call("buffer-destroy", {first}).expect_error(invalid_buffer);
  guest.buffer(60);
  guest.call("buffer-create", {41, 0}).expect_error(out_of_memory);
  EXPECT_TRUE(passes(guest, limited));
}

TEST_P(Quotas, AreEachInstancesOwn) {
  InstanceOptions limited = options();
  limited.limits.gpu_memory = 100;
  limited.limits.gpu_buffers = 1;
  for (int i = 0; i < 3; ++i) {
    GuestModule guest;
    guest.buffer(100);
    EXPECT_TRUE(passes(guest, limited));
  }
}

TEST_P(Quotas, FloodOfBuffersMeetsTheDefault) {
  GuestModule guest;
  guest.field("(global $made (mut i32) (i32.const 0))");
  guest.code("(loop $next");
  guest.call("buffer-create", {1, 0});
  guest.code("(if (i32.eqz (i32.load (i32.const 1024))) (then");
  guest.code("(global.set $made (i32.add (global.get $made) (i32.const 1))) (br $next))))");
  guest.expect_error(out_of_memory);
  guest.expect("(i32.eq (global.get $made) (i32.const 262144))", "as many as the default quota has");
  EXPECT_TRUE(passes(guest));
}

INSTANTIATE_TEST_SUITE_P(Backends, BufferQuota, testing::ValuesIn(backend_names()), backend_test_name);
INSTANTIATE_TEST_SUITE_P(Backends, MemoryQuota, testing::ValuesIn(backend_names()), backend_test_name);
INSTANTIATE_TEST_SUITE_P(Backends, Quotas, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::hostile
