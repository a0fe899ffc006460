// Sizes, counts and cases that no sane guest passes: a gpu-error, never a trap.
#include <gtest/gtest.h>

#include "hostile/on_each_backend.hpp"

namespace gpu_host::hostile {
namespace {

using Sizes = OnEachBackend;
using Usage = OnEachBackend;
using Ranges = OnEachBackend;
using Counts = OnEachBackend;
using Cases = OnEachBackend;
using Errors = OnEachBackend;

using enum GpuErrorCode;
constexpr std::uint64_t kOne = 1;

TEST_P(Sizes, CreationIsRefusedBelowOneByteAndAboveTheQuota) {
  GuestModule guest;
  guest.call("buffer-create", {0, 0}).expect_invalid_params("size");
  for (const std::uint64_t size : {kMax64, kMax64 - 7, kMax64 - 63, kOne << 63, kOne << 62}) {
    guest.call("buffer-create", {size, 0}).expect_error(out_of_memory);
  }
  guest.buffer(1);
  EXPECT_TRUE(passes(guest));
}

// A quota is no promise that the device has as much.
TEST_P(Sizes, CreationBeyondTheDeviceIsOutOfMemory) {
  InstanceOptions limited = options();
  limited.limits.gpu_memory = kMax64;
  GuestModule guest;
  for (const std::uint64_t size : {kMax64, kMax64 - 7, kMax64 - 63, kOne << 63, kOne << 62}) {
    guest.call("buffer-create", {size, 0}).expect_error(out_of_memory);
  }
  EXPECT_TRUE(passes(guest, limited));
}

TEST_P(Usage, KnownBitsAreHintsAndUnknownOnesInvalid) {
  GuestModule guest;
  for (const std::uint32_t usage : {0u, 1u, 0x20u, 0x3fu}) {
    guest.call("buffer-create", {4, usage}).expect_ok();
  }
  for (std::uint32_t bit = 6; bit < 32; ++bit) {
    guest.call("buffer-create", {4, 1u << bit}).expect_invalid_params("usage");
  }
  EXPECT_TRUE(passes(guest));
}

TEST_P(Usage, BufferWithoutFlagsDoesEverything) {
  GuestModule guest;
  const auto a = guest.buffer_of<float>({1});
  const auto b = guest.buffer(4);
  guest.call("buffer-copy", {a, 0, b, 0, 4}).expect_ok();
  guest.call("kernel-elementwise", {1, 3, a, 1, a, b}).expect_ok().expect_values<float>(b, {2});
  EXPECT_TRUE(passes(guest));
}

TEST_P(Ranges, BeyondTheBufferAreInvalidParams) {
  const struct {
    std::uint64_t offset;
    std::uint32_t size;
  } beyond[] = {{17, 0}, {16, 1}, {15, 2}, {0, 17}, {kMax64, 0}, {kMax64, 1}, {kMax64 - 7, 8}, {kMax64 - 14, 16}};
  GuestModule guest;
  const auto id = guest.buffer(16);
  const auto other = guest.buffer(16);
  for (const auto& [offset, size] : beyond) {
    guest.call("buffer-write", {id, offset, kData, size}).expect_invalid_params("buffer: ");
    guest.call("buffer-read", {id, offset, size}).expect_invalid_params("buffer: ");
    guest.call("buffer-copy", {id, offset, other, 0, size}).expect_error(invalid_params);
    guest.call("buffer-copy", {id, 0, other, offset, size}).expect_error(invalid_params);
  }
  EXPECT_TRUE(passes(guest));
}

TEST_P(Ranges, CopySizesDoNotOverflow) {
  GuestModule guest;
  const auto id = guest.buffer(16);
  for (const std::uint64_t size : {kOne + 16, kMax64, kMax64 - 15, kOne << 63, kOne << 32}) {
    guest.call("buffer-copy", {id, 0, id, 0, size}).expect_invalid_params("src");
    guest.call("buffer-copy", {id, 16, id, 0, size}).expect_invalid_params("src");
    guest.call("buffer-copy", {id, 8, id, 8, size}).expect_invalid_params("src");
  }
  guest.call("buffer-copy", {id, 0, id, 8, 9}).expect_invalid_params("dst");
  guest.call("buffer-copy", {id, 8, id, kMax64 - 7, 8}).expect_invalid_params("dst");
  EXPECT_TRUE(passes(guest));
}

TEST_P(Ranges, NothingAtTheEndIsFine) {
  GuestModule guest;
  const auto id = guest.buffer(16);
  guest.call("buffer-write", {id, 16, kPage, 0}).expect_ok();
  guest.call("buffer-read", {id, 16, 0}).expect_ok().expect_word(kResult + 8, 0);
  guest.call("buffer-copy", {id, 16, id, 16, 0}).expect_ok();
  guest.call("buffer-copy", {id, 16, id, 0, 0}).expect_ok();
  guest.call("buffer-copy", {id, 17, id, 0, 0}).expect_invalid_params("src");
  guest.call("buffer-copy", {id, 0, id, 17, 0}).expect_invalid_params("dst");
  EXPECT_TRUE(passes(guest));
}

TEST_P(Ranges, RefusedReadAsksForNoMemory) {
  GuestModule guest;
  const auto id = guest.buffer(16);
  guest.code("(global.set $heap (i32.const 0x9000))");
  guest.call("buffer-read", {id + 1, 0, 16}).expect_error(invalid_buffer);
  guest.expect("(i32.eq (global.get $heap) (i32.const 0x9000))", "no block was asked for");
  EXPECT_TRUE(passes(guest));
}

TEST_P(Counts, BuffersTooSmallAreNamedWithBothSizes) {
  const struct {
    std::string_view name;
    Arguments arguments;
    std::string_view text;
  } cases[] = {
      {"kernel-bootstrap-sample", {5, 0, 1, 1}, "output-indices: the arguments need 20 bytes, the buffer has 16"},
      {"kernel-bootstrap-sample", {kMax32, 0, 1, 1}, "need 17179869180 bytes"},
      {"kernel-find-split", {5, 1, 0, 1, 1, 1, 1, 1, 2}, "indices: the arguments need 20 bytes, the buffer has 16"},
      {"kernel-find-split", {kMax32, 1, 0, 1, 1, 1, 1, 1, 2}, "indices: the arguments need 17179869180 bytes"},
      {"kernel-find-split", {1, 1, 0, 5, 1, 1, 1, 1, 2}, "thresholds: the arguments need 20 bytes"},
      {"kernel-find-split",
       {1, 1, 0, 4, 1, 1, 1, 1, 3},
       "output-scores: the arguments need 16 bytes, the buffer has 8"},
      {"kernel-find-split", {1, 1, 0, kMax32, 1, 1, 1, 1, 2}, "thresholds: the arguments need 17179869180"},
      {"kernel-average", {5, 1, 1, 2}, "tree-predictions: the arguments need 20 bytes"},
      {"kernel-average", {1, 4, 1, 3}, "output: the arguments need 16 bytes, the buffer has 8"},
      {"kernel-average", {65536, 65536, 1, 2}, "tree-predictions: the arguments need 17179869184 bytes"},
      {"kernel-average", {kMax32, kMax32, 1, 2}, "tree-predictions: "},
      {"kernel-matmul", {5, 1, 1, 0, 0, 1.0, 0.0, 1, 1, 2}, "a: the arguments need 20 bytes, the buffer has 16"},
      {"kernel-matmul", {1, 1, 5, 0, 0, 1.0, 0.0, 1, 1, 2}, "b: the arguments need 20 bytes, the buffer has 16"},
      {"kernel-matmul", {2, 1, 2, 0, 0, 1.0, 0.0, 1, 2, 3}, "c: the arguments need 16 bytes, the buffer has 8"},
      {"kernel-matmul", {65536, 65536, 1, 0, 0, 1.0, 0.0, 1, 1, 2}, "a: the arguments need 17179869184 bytes"},
      {"kernel-matmul", {1, 65536, 65536, 0, 1, 1.0, 0.0, 1, 1, 2}, "a: the arguments need 262144 bytes"},
      {"kernel-matmul", {0, 65536, 65536, 0, 1, 1.0, 0.0, 1, 1, 2}, "b: the arguments need 17179869184 bytes"},
      {"kernel-matmul", {65536, 0, 65536, 1, 0, 1.0, 0.0, 1, 1, 2}, "c: the arguments need 17179869184 bytes"},
      // 2^64 and more bytes: what is left after an overflow would fit.
      {"kernel-matmul", {1u << 31, 1u << 31, 1, 0, 0, 1.0, 0.0, 1, 1, 2}, "a: "},
      {"kernel-matmul", {kMax32, kMax32, kMax32, 1, 1, 1.0, 0.0, 1, 1, 2}, "a: "},
      {"kernel-matmul", {1u << 31, 0, 1u << 31, 0, 0, 1.0, 0.0, 1, 1, 2}, "c: "},
      {"kernel-elementwise", {5, 0, 1, 0, 0, 2}, "input-a: the arguments need 20 bytes"},
      {"kernel-elementwise", {4, 3, 1, 1, 3, 2}, "input-b: the arguments need 16 bytes, the buffer has 8"},
      {"kernel-elementwise", {4, 0, 1, 0, 0, 3}, "output: the arguments need 16 bytes, the buffer has 8"},
      {"kernel-elementwise", {kMax32, 0, 1, 0, 0, 1}, "input-a: the arguments need 17179869180"},
      {"kernel-reduce", {5, 0, 1, 2}, "input: the arguments need 20 bytes, the buffer has 16"},
      {"kernel-reduce", {kMax32, 0, 1, 2}, "input: the arguments need 17179869180"},
      {"kernel-reduce", {1, 0, 1, 4}, "output: the arguments need 4 bytes, the buffer has 3"},
      {"kernel-batch-predict", {5, 1, 1, 1, 1, 2, 2, 3}, "samples: the arguments need 20 bytes"},
      {"kernel-batch-predict", {65536, 65536, 1, 1, 1, 2, 2, 3}, "samples: the arguments need 17179869184"},
      {"kernel-batch-predict", {1u << 31, 1u << 31, 1, 1, 1, 2, 2, 3}, "samples: "},
      {"kernel-batch-predict", {1, 1, 5, 1, 1, 2, 2, 3}, "tree-offsets: the arguments need 20 bytes"},
      {"kernel-batch-predict", {1, 1, kMax32, 1, 1, 2, 2, 3}, "tree-offsets: the arguments need 17179869180"},
      {"kernel-batch-predict", {4, 1, 1, 1, 1, 2, 2, 3}, "output: the arguments need 16 bytes, the buffer has 8"},
  };
  for (const auto& [name, arguments, text] : cases) {
    GuestModule guest;
    for (const std::uint64_t size : {16, 16, 8, 3}) guest.buffer(size);
    guest.call(name, arguments).expect_invalid_params(text);
    EXPECT_TRUE(passes(guest)) << name << ": " << text;
  }
}

TEST_P(Counts, ThatMustNotBeZero) {
  GuestModule guest;
  const auto a = guest.buffer(64);
  const auto b = guest.buffer(64);
  guest.call("kernel-bootstrap-sample", {1, 1, 0, a}).expect_invalid_params("max-index");
  guest.call("kernel-bootstrap-sample", {0, 1, 0, a}).expect_invalid_params("max-index");
  guest.call("kernel-find-split", {1, 0, 0, 1, a, a, a, a, b}).expect_invalid_params("feature-idx");
  guest.call("kernel-find-split", {0, 0, 0, 0, a, a, a, a, b}).expect_invalid_params("feature-idx");
  guest.call("kernel-find-split", {1, 2, 2, 1, a, a, a, a, b}).expect_invalid_params("feature-idx");
  guest.call("kernel-find-split", {1, 2, kMax32, 1, a, a, a, a, b}).expect_invalid_params("feature-idx");
  guest.call("kernel-average", {0, 1, a, b}).expect_invalid_params("n-trees");
  guest.call("kernel-average", {0, 0, a, b}).expect_invalid_params("n-trees");
  guest.call("kernel-batch-predict", {1, 1, 0, 1, a, a, a, b}).expect_invalid_params("n-trees");
  guest.call("kernel-batch-predict", {0, 1, 0, 1, a, a, a, b}).expect_invalid_params("n-trees");
  for (const int op : {1, 2, 3, 4}) guest.call("kernel-reduce", {0, op, a, b}).expect_invalid_params("n-elements");
  EXPECT_TRUE(passes(guest));
}

TEST_P(Counts, ThatMayBeZero) {
  GuestModule guest;
  const auto a = guest.buffer_of<float>({7, 7});
  const auto b = guest.buffer_of<float>({5, 5});
  const auto zeros = guest.buffer(8);
  guest.call("kernel-bootstrap-sample", {0, 1, 1, b}).expect_ok();
  guest.call("kernel-find-split", {1, 1, 0, 0, a, a, zeros, a, b}).expect_ok();
  guest.call("kernel-average", {kMax32, 0, a, b}).expect_ok();
  guest.call("kernel-matmul", {0, 1, 1, 0, 0, 1.0, 0.0, a, a, b}).expect_ok();
  guest.call("kernel-matmul", {1, 1, 0, 0, 0, 1.0, 0.0, a, a, b}).expect_ok();
  guest.call("kernel-matmul", {0, kMax32, 0, 0, 0, 1.0, 0.0, a, a, b}).expect_ok();
  guest.call("kernel-elementwise", {0, 0, a, 0, 0, b}).expect_ok();
  guest.call("kernel-batch-predict", {0, 1, 1, 1, a, a, a, b}).expect_ok();
  guest.expect_values<float>(b, {5, 5});  // none of them did anything
  guest.call("kernel-matmul", {1, 0, 2, 0, 0, 1.0, 2.0, a, a, b}).expect_ok().expect_values<float>(b, {10, 10});
  guest.call("kernel-matmul", {1, 0, 2, 0, 0, 1.0, 0.0, a, a, b}).expect_ok().expect_values<float>(b, {0, 0});
  guest.call("kernel-reduce", {0, 0, a, a}).expect_invalid_params("output");
  guest.write(b, 0, std::vector<std::uint8_t>(8, 0xff));
  guest.call("kernel-reduce", {0, 0, a, b}).expect_ok().expect_values<std::uint32_t>(b, {0, 0xffff'ffff});
  guest.call("kernel-find-split", {0, 1, 0, 2, a, a, a, a, b}).expect_ok();
  guest.expect_values<std::uint32_t>(b, {0x7f80'0000, 0x7f80'0000});
  EXPECT_TRUE(passes(guest));
}

TEST_P(Cases, UnknownOperationsAreInvalidParams) {
  GuestModule guest;
  const auto a = guest.buffer(16);
  const auto b = guest.buffer(16);
  for (const std::uint32_t op : {8u, 9u, 0x100u, 0x8000'0000u, kMax32}) {
    guest.call("kernel-elementwise", {1, op, a, 1, a, b}).expect_invalid_params("elementwise-op");
  }
  for (const std::uint32_t op : {5u, 6u, 0x100u, 0x8000'0000u, kMax32}) {
    guest.call("kernel-reduce", {1, op, a, b}).expect_invalid_params("reduce-op");
  }
  for (std::uint32_t op = 0; op < 8; ++op) guest.call("kernel-elementwise", {1, op, a, 1, a, b}).expect_ok();
  for (std::uint32_t op = 0; op < 5; ++op) guest.call("kernel-reduce", {1, op, a, b}).expect_ok();
  EXPECT_TRUE(passes(guest));
}

TEST_P(Cases, OptionIsNoneOrSome) {
  GuestModule guest;
  const auto a = guest.buffer(16);
  for (const std::uint32_t discriminant : {2u, 0x100u, kMax32}) {
    guest.call("kernel-elementwise", {1, 3, a, discriminant, a, a}).expect_invalid_params("option");
    guest.call("kernel-elementwise", {1, 0, a, discriminant, a, a}).expect_invalid_params("option");
  }
  guest.call("kernel-elementwise", {1, 3, a, 0, a, a}).expect_invalid_params("input-b");
  guest.call("kernel-elementwise", {1, 4, a, 0, 0, a}).expect_invalid_params("input-b");
  // The payload of none means nothing, and a unary operation ignores some.
  guest.call("kernel-elementwise", {1, 0, a, 0, 99, a}).expect_ok();
  guest.call("kernel-elementwise", {1, 0, a, 1, 99, a}).expect_ok();
  guest.call("kernel-elementwise", {1, 5, a, 1, kMax32, a}).expect_ok();
  guest.call("kernel-elementwise", {1, 3, a, 1, 99, a}).expect_error(invalid_buffer);
  EXPECT_TRUE(passes(guest));
}

TEST_P(Cases, EveryBoolButZeroIsTrue) {
  for (const std::uint32_t truth : {1u, 2u, 0x100u, 0x8000'0000u, kMax32}) {
    GuestModule guest;
    const auto a = guest.buffer_of<float>({1, 2, 3, 4});
    const auto one = guest.buffer_of<float>({1, 0, 0, 1});
    const auto c = guest.buffer(16);
    guest.call("kernel-matmul", {2, 2, 2, truth, 0, 1.0, 0.0, a, one, c}).expect_ok();
    guest.expect_values<float>(c, {1, 3, 2, 4});
    guest.call("kernel-matmul", {2, 2, 2, 0, truth, 1.0, 0.0, one, a, c}).expect_ok();
    guest.expect_values<float>(c, {1, 3, 2, 4});
    EXPECT_TRUE(passes(guest)) << truth;
  }
}

TEST_P(Errors, LeaveTheOutputAlone) {
  GuestModule guest;
  const auto a = guest.buffer_of<float>({7});
  guest.call("kernel-elementwise", {1, 99, a, 0, 0, a}).expect_error(invalid_params);
  guest.call("buffer-write", {a, 1, kData, 4}).expect_error(invalid_params);
  guest.call("buffer-copy", {a, 0, a, 1, 4}).expect_error(invalid_params);
  guest.expect_values<float>(a, {7});
  EXPECT_TRUE(passes(guest));
}

INSTANTIATE_TEST_SUITE_P(Backends, Sizes, testing::ValuesIn(backend_names()), backend_test_name);
INSTANTIATE_TEST_SUITE_P(Backends, Usage, testing::ValuesIn(backend_names()), backend_test_name);
INSTANTIATE_TEST_SUITE_P(Backends, Ranges, testing::ValuesIn(backend_names()), backend_test_name);
INSTANTIATE_TEST_SUITE_P(Backends, Counts, testing::ValuesIn(backend_names()), backend_test_name);
INSTANTIATE_TEST_SUITE_P(Backends, Cases, testing::ValuesIn(backend_names()), backend_test_name);
INSTANTIATE_TEST_SUITE_P(Backends, Errors, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::hostile
