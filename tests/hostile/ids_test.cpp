// Buffer ids that were never given out, or are no longer good.
#include <gtest/gtest.h>

#include "hostile/on_each_backend.hpp"

namespace gpu_host::hostile {
namespace {

using Ids = OnEachBackend;

using enum GpuErrorCode;

// Uses `id` in every place that takes a buffer; the buffers 1 to 3 are good.
void use_everywhere(GuestModule& guest, std::uint32_t id) {
  const auto refused = [&](std::string_view name, const Arguments& arguments) {
    guest.call(name, arguments).expect_error(invalid_buffer);
  };
  refused("buffer-write", {id, 0, kData, 4});
  refused("buffer-write", {id, 0, kData, 0});
  refused("buffer-read", {id, 0, 4});
  refused("buffer-read", {id, 0, 0});
  refused("buffer-copy", {id, 0, 1, 0, 4});
  refused("buffer-copy", {1, 0, id, 0, 4});
  refused("buffer-copy", {1, 0, id, 0, 0});
  refused("buffer-destroy", {id});
  refused("kernel-bootstrap-sample", {1, 1, 1, id});
  refused("kernel-find-split", {1, 1, 0, 1, id, 1, 1, 1, 2});
  refused("kernel-find-split", {1, 1, 0, 1, 1, id, 1, 1, 2});
  refused("kernel-find-split", {1, 1, 0, 1, 1, 1, id, 1, 2});
  refused("kernel-find-split", {1, 1, 0, 1, 1, 1, 1, id, 2});
  refused("kernel-find-split", {1, 1, 0, 1, 1, 1, 1, 1, id});
}

void use_in_other_kernels(GuestModule& guest, std::uint32_t id) {
  const auto refused = [&](std::string_view name, const Arguments& arguments) {
    guest.call(name, arguments).expect_error(invalid_buffer);
  };
  refused("kernel-average", {1, 1, id, 1});
  refused("kernel-average", {1, 1, 1, id});
  refused("kernel-matmul", {1, 1, 1, 0, 0, 1.0, 0.0, id, 1, 2});
  refused("kernel-matmul", {1, 1, 1, 0, 0, 1.0, 0.0, 1, id, 2});
  refused("kernel-matmul", {1, 1, 1, 0, 0, 1.0, 0.0, 1, 2, id});
  refused("kernel-elementwise", {1, 0, id, 0, 0, 1});
  refused("kernel-elementwise", {1, 3, 1, 1, id, 1});
  refused("kernel-elementwise", {1, 0, 1, 0, 0, id});
  refused("kernel-reduce", {1, 0, id, 1});
  refused("kernel-reduce", {1, 0, 1, id});
  refused("kernel-batch-predict", {1, 1, 1, 1, id, 1, 1, 2});
  refused("kernel-batch-predict", {1, 1, 1, 1, 1, id, 1, 2});
  refused("kernel-batch-predict", {1, 1, 1, 1, 1, 2, id, 3});
  refused("kernel-batch-predict", {1, 1, 1, 1, 1, 1, 1, id});
}

constexpr std::uint32_t kForged[] = {0, 4, 5, 0x7fff'ffff, 0x8000'0000, 0xffff'fffe, 0xffff'ffff};

TEST_P(Ids, ForgedOnesAreInvalidBuffer) {
  for (const std::uint32_t id : kForged) {
    for (const auto use : {&use_everywhere, &use_in_other_kernels}) {
      GuestModule guest;
      for (int i = 0; i < 3; ++i) guest.buffer(64);
      use(guest, id);
      EXPECT_TRUE(passes(guest)) << id;
    }
  }
}

TEST_P(Ids, NoneIsGoodBeforeTheFirstBuffer) {
  GuestModule guest;
  for (const std::uint32_t id : {0u, 1u, 2u, 0xffff'ffffu}) {
    guest.call("buffer-destroy", {id}).expect_error(invalid_buffer);
    guest.call("buffer-read", {id, 0, 0}).expect_error(invalid_buffer);
  }
  EXPECT_TRUE(passes(guest));
}

TEST_P(Ids, FreedOnesAreInvalidBuffer) {
  for (const auto use : {&use_everywhere, &use_in_other_kernels}) {
    GuestModule guest;
    for (int i = 0; i < 4; ++i) guest.buffer(64);
    guest.call("buffer-destroy", {4}).expect_ok();
    use(guest, 4);
    guest.buffer(64);  // which gets a new id
    guest.call("buffer-destroy", {4}).expect_error(invalid_buffer);
    guest.call("buffer-destroy", {5}).expect_ok();
    guest.call("buffer-destroy", {5}).expect_error(invalid_buffer);
    EXPECT_TRUE(passes(guest));
  }
}

TEST_P(Ids, AreCountedFromOneAndNeverUsedTwice) {
  GuestModule guest;
  guest.field("(global $expected (mut i32) (i32.const 1))");
  guest.code("(loop $next");
  guest.call("buffer-create", {64, 0}).expect_ok();
  guest.expect("(i32.eq (i32.load (i32.const 1028)) (global.get $expected))", "the next id");
  guest.code("(call $buffer-destroy (global.get $expected) (i32.const 1024))").expect_ok();
  guest.code("(global.set $expected (i32.add (global.get $expected) (i32.const 1)))");
  guest.code("(br_if $next (i32.le_u (global.get $expected) (i32.const 1000))))");
  EXPECT_TRUE(passes(guest));
}

// A refused creation uses up no id.
TEST_P(Ids, FailedCreationLeavesNoHole) {
  GuestModule guest;
  guest.buffer(64);
  guest.call("buffer-create", {0, 0}).expect_invalid_params("size");
  guest.call("buffer-create", {~0ull, 0}).expect_error(out_of_memory);
  guest.buffer(64);
  EXPECT_TRUE(passes(guest));
}

INSTANTIATE_TEST_SUITE_P(Backends, Ids, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::hostile
