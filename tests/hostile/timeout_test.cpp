// Guests that do not end, and what becomes of the others.
#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "hostile/on_each_backend.hpp"

namespace gpu_host::hostile {
namespace {

class Timeout : public OnEachBackend {
 protected:
  [[nodiscard]] InstanceOptions within(std::chrono::nanoseconds timeout) const {
    InstanceOptions limited = options();
    limited.limits.timeout = timeout;
    return limited;
  }
};

using namespace std::chrono_literals;

// Endless work of the guest alone, of calls, of kernels.
std::vector<GuestModule> endless() {
  std::vector<GuestModule> guests(4);
  guests[0].code("(loop $forever (br $forever))");
  guests[1].code("(loop $forever").call("sync").code("(br $forever))");
  guests[2].code("(loop $forever").call("buffer-create", {0, 0}).code("(global.set $heap (i32.const 0x8000))");
  guests[2].code("(br $forever))");
  const auto a = guests[3].buffer(256 * 256 * 4);
  const auto b = guests[3].buffer(256 * 256 * 4);
  guests[3].code("(loop $forever").call("kernel-matmul", {256, 256, 256, 0, 0, 1.0, 0.0, a, a, b});
  guests[3].code("(br $forever))");
  return guests;
}

TEST_P(Timeout, EndsEveryLoop) {
  for (const GuestModule& guest : endless()) {
    EXPECT_TRUE(is_error(run(guest, within(100ms)), ErrorKind::limit, "timeout"));
  }
}

TEST_P(Timeout, OfNothingEndsTheGuestToo) {
  EXPECT_TRUE(is_error(run(endless()[0], within(0ns)), ErrorKind::limit, "timeout"));
  EXPECT_TRUE(is_error(run(endless()[0], within(-5s)), ErrorKind::limit, "timeout"));
}

TEST_P(Timeout, ThatHasPassedLetsNothingRun) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(is_error(run(GuestModule(), within(0ns)), ErrorKind::limit, "timeout"));
    EXPECT_TRUE(is_error(run(GuestModule(), within(-1ns)), ErrorKind::limit, "timeout"));
  }
}

TEST_P(Timeout, HarmsNobodyWhoIsInTime) {
  EXPECT_TRUE(exits(run(GuestModule().call("sync"), within(1h)), 0));
  EXPECT_TRUE(exits(run(GuestModule().call("sync"), within(std::chrono::nanoseconds::max())), 0));
}

TEST_P(Timeout, NeedsAnInterruptibleHost) {
  const auto host = Host::create({.interruptible = false});
  ASSERT_TRUE(host);
  const std::string text = GuestModule().text();
  const auto module = host->load(std::as_bytes(std::span(text)), "guest");
  ASSERT_TRUE(module);
  const auto instance = Instance::create(*module, within(1s));
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().kind, ErrorKind::invalid_argument);
}

// Works with a buffer until half a second has passed, by the guest's own clock.
GuestModule busy() {
  GuestModule guest;
  guest.import(R"((import "wasi_snapshot_preview1" "clock_time_get"
                    (func $now (param i32 i64 i32) (result i32))))");
  guest.field("(global $end (mut i64) (i64.const 0))");
  const std::string now = "(drop (call $now (i32.const 1) (i64.const 1) (i32.const 2048)))";
  guest.code(now + "(global.set $end (i64.add (i64.load (i32.const 2048)) (i64.const 500000000)))");
  const auto id = guest.buffer(4);
  guest.code("(loop $next (global.set $heap (i32.const 0x8000))");
  const std::uint8_t bytes[] = {1, 2, 3, 4};
  guest.write(id, 0, bytes).expect_contents(id, 0, bytes);
  guest.call("kernel-elementwise", {1, 0, id, 0, 0, id}).expect_ok();
  guest.code(now + "(br_if $next (i64.lt_u (i64.load (i32.const 2048)) (global.get $end))))");
  return guest;
}

// Epochs are the engine's: the interruption of one instance is seen by all.
TEST_P(Timeout, OfOneInstanceLeavesTheOthersAlone) {
  const GuestModule guest = busy();
  auto with_timeout = std::async(std::launch::async, [&] { return passes(guest, within(60s)); });
  auto without = std::async(std::launch::async, [&] { return passes(guest); });
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(is_error(run(endless()[0], within(50ms)), ErrorKind::limit, "timeout"));
  }
  EXPECT_TRUE(with_timeout.get());
  EXPECT_TRUE(without.get());
}

TEST_P(Timeout, LeavesTheHostUsable) {
  EXPECT_TRUE(is_error(run(endless()[0], within(20ms)), ErrorKind::limit, "timeout"));
  GuestModule next;
  next.buffer(4);
  EXPECT_TRUE(passes(next, within(60s)));
}

INSTANTIATE_TEST_SUITE_P(Backends, Timeout, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::hostile
