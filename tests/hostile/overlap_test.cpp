// An output that is also an input: allowed for elementwise only.
#include <gtest/gtest.h>

#include "hostile/on_each_backend.hpp"

namespace gpu_host::hostile {
namespace {

using Overlap = OnEachBackend;

TEST_P(Overlap, OutputThatIsAnInputIsInvalidParams) {
  const struct {
    std::string_view name;
    Arguments arguments;
    std::string_view output;
  } cases[] = {
      {"kernel-find-split", {1, 1, 0, 1, 1, 2, 3, 4, 1}, "output-scores"},
      {"kernel-find-split", {1, 1, 0, 1, 1, 2, 3, 4, 2}, "output-scores"},
      {"kernel-find-split", {1, 1, 0, 1, 1, 2, 3, 4, 3}, "output-scores"},
      {"kernel-find-split", {1, 1, 0, 1, 1, 2, 3, 4, 4}, "output-scores"},
      {"kernel-average", {1, 1, 1, 1}, "output"},
      {"kernel-matmul", {1, 1, 1, 0, 0, 1.0, 0.0, 1, 2, 1}, "c"},
      {"kernel-matmul", {1, 1, 1, 0, 0, 1.0, 0.0, 1, 2, 2}, "c"},
      {"kernel-matmul", {1, 1, 1, 0, 0, 1.0, 1.0, 1, 1, 1}, "c"},
      {"kernel-reduce", {1, 0, 1, 1}, "output"},
      {"kernel-batch-predict", {1, 1, 1, 1, 1, 2, 3, 1}, "output"},
      {"kernel-batch-predict", {1, 1, 1, 1, 1, 2, 3, 2}, "output"},
      {"kernel-batch-predict", {1, 1, 1, 1, 1, 2, 3, 3}, "output"},
  };
  for (const auto& [name, arguments, output] : cases) {
    GuestModule guest;
    for (int i = 0; i < 4; ++i) guest.buffer_of<float>({1.5f, 0, 0, 0});
    guest.call(name, arguments).expect_invalid_params(std::string(output) + ": ");
    for (std::uint32_t id = 1; id <= 4; ++id) guest.expect_values<float>(id, {1.5f, 0, 0, 0});
    EXPECT_TRUE(passes(guest)) << name;
  }
}

TEST_P(Overlap, InputsMayBeTheSameBuffer) {
  GuestModule guest;
  const auto in = guest.buffer_of<float>({3});
  const auto out = guest.buffer(4);
  guest.call("kernel-matmul", {1, 1, 1, 0, 0, 1.0, 0.0, in, in, out}).expect_ok().expect_values<float>(out, {9});
  guest.call("kernel-elementwise", {1, 3, in, 1, in, out}).expect_ok().expect_values<float>(out, {6});
  // One row, whose index is 0: the threshold 0 sends it left, so the right is empty.
  const auto zeros = guest.buffer(16);
  guest.call("kernel-find-split", {1, 1, 0, 1, zeros, zeros, zeros, zeros, out}).expect_ok();
  guest.expect_values<std::uint32_t>(out, {0x7f80'0000});
  EXPECT_TRUE(passes(guest));
}

TEST_P(Overlap, ElementwiseMayWriteOverItsInputs) {
  GuestModule guest;
  const auto a = guest.buffer_of<float>({1, -2});
  const auto b = guest.buffer_of<float>({10, 20});
  guest.call("kernel-elementwise", {2, 0, a, 0, 0, a}).expect_ok().expect_values<float>(a, {1, 0});
  guest.call("kernel-elementwise", {2, 3, a, 1, b, a}).expect_ok().expect_values<float>(a, {11, 20});
  guest.call("kernel-elementwise", {2, 4, a, 1, b, b}).expect_ok().expect_values<float>(b, {110, 400});
  guest.call("kernel-elementwise", {2, 3, b, 1, b, b}).expect_ok().expect_values<float>(b, {220, 800});
  EXPECT_TRUE(passes(guest));
}

TEST_P(Overlap, CopyWithinABufferMovesEitherWay) {
  GuestModule guest;
  const auto id = guest.buffer_of<std::uint8_t>({1, 2, 3, 4, 5, 6, 7, 8});
  guest.call("buffer-copy", {id, 0, id, 3, 5}).expect_ok();
  guest.expect_values<std::uint8_t>(id, {1, 2, 3, 1, 2, 3, 4, 5});
  guest.call("buffer-copy", {id, 3, id, 1, 5}).expect_ok();
  guest.expect_values<std::uint8_t>(id, {1, 1, 2, 3, 4, 5, 4, 5});
  guest.call("buffer-copy", {id, 2, id, 2, 6}).expect_ok();
  guest.expect_values<std::uint8_t>(id, {1, 1, 2, 3, 4, 5, 4, 5});
  EXPECT_TRUE(passes(guest));
}

INSTANTIATE_TEST_SUITE_P(Backends, Overlap, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::hostile
