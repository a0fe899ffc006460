// The bytes of results: the live case only, zero-extended, and nothing beyond it.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <tuple>
#include <vector>

#include "hostile/on_each_backend.hpp"

namespace gpu_host::hostile {
namespace {

constexpr std::uint8_t kOld = 0xaa;  // what lies in the result area before

GuestModule& fill(GuestModule& guest) {
  return guest.code("(memory.fill (i32.const 1000) (i32.const 0xaa) (i32.const 100))");
}

// The result area and 24 bytes on both sides: `words` from kResult on, else untouched.
GuestModule& expect_area(GuestModule& guest, const std::vector<std::uint32_t>& words) {
  std::vector<std::uint8_t> bytes(24 + 40 + 24, kOld);
  for (std::size_t i = 0; i < 4 * words.size(); ++i) {
    bytes[24 + i] = static_cast<std::uint8_t>(words[i / 4] >> (8 * (i % 4)));
  }
  return guest.expect_bytes_at(kResult - 24, bytes);
}

// The parameters: a backend's name, and the encoding.
class Layout : public OnBackend, public testing::WithParamInterface<std::tuple<std::string, GpuAbi>> {
 protected:
  void SetUp() override { use(std::get<0>(GetParam())); }
  static bool legacy() { return std::get<1>(GetParam()) == GpuAbi::legacy; }
  [[nodiscard]] testing::AssertionResult passes(const GuestModule& guest) const {
    InstanceOptions encoded = options();
    encoded.gpu_abi = std::get<1>(GetParam());
    return hostile::passes(guest, encoded);
  }
};

TEST_P(Layout, OkWithoutPayloadIsOneWord) {
  GuestModule guest;
  const auto a = guest.buffer(64);
  const auto b = guest.buffer(64);
  const struct {
    std::string_view name;
    Arguments arguments;
  } calls[] = {
      {"buffer-write", {a, 0, kData, 4}},
      {"buffer-copy", {a, 0, b, 0, 4}},
      {"kernel-bootstrap-sample", {1, 1, 1, a}},
      {"kernel-find-split", {0, 1, 0, 0, a, a, a, a, b}},
      {"kernel-average", {1, 1, a, b}},
      {"kernel-matmul", {1, 1, 1, 0, 0, 1.0, 0.0, a, a, b}},
      {"kernel-elementwise", {1, 0, a, 0, 0, b}},
      {"kernel-reduce", {1, 0, a, b}},
      {"kernel-batch-predict", {0, 1, 1, 1, a, a, a, b}},
      {"buffer-destroy", {b}},
  };
  for (const auto& [name, arguments] : calls) {
    fill(guest).call(name, arguments);
    expect_area(guest, {0});
  }
  EXPECT_TRUE(passes(guest));
}

TEST_P(Layout, OkOfCreateIsDiscriminantAndId) {
  GuestModule guest;
  fill(guest).call("buffer-create", {4, 0});
  expect_area(guest, {0, 1});
  EXPECT_TRUE(passes(guest));
}

TEST_P(Layout, OkOfReadIsDiscriminantPointerAndLength) {
  GuestModule guest;
  const auto id = guest.buffer_of<std::uint8_t>({1, 2, 3});
  guest.code("(global.set $heap (i32.const 0x9001))");
  guest.code("(i32.store (i32.const 0x9000) (i32.const -1))");
  guest.code("(i32.store (i32.const 0x9004) (i32.const -1))");
  fill(guest).call("buffer-read", {id, 0, 3});
  expect_area(guest, {0, 0x9001, 3});
  guest.expect_word(0x9000, 0x0302'01ff).expect_word(0x9004, 0xffff'ffff);
  EXPECT_TRUE(passes(guest));
}

TEST_P(Layout, ErrorsWithoutStringAreTwoWords) {
  GuestModule guest;
  fill(guest).call("buffer-create", {~0ull, 0});
  expect_area(guest, {1, 0});
  fill(guest).call("buffer-destroy", {1});
  expect_area(guest, {1, 1});
  fill(guest).call("buffer-read", {1, 0, 0});
  expect_area(guest, {1, 1});
  EXPECT_TRUE(passes(guest));
}

TEST_P(Layout, ErrorsWithStringAreFourWordsAndTwoInLegacy) {
  GuestModule guest;
  const std::string_view message = "size: a buffer has at least 1 byte";
  guest.code("(memory.fill (i32.const 0x9000) (i32.const 0xaa) (i32.const 100))");
  guest.code("(global.set $heap (i32.const 0x9001))");
  fill(guest).call("buffer-create", {0, 0});
  std::vector<std::uint8_t> heap(64, kOld);
  if (legacy()) {
    expect_area(guest, {1, 4});
    guest.expect("(i32.eq (global.get $heap) (i32.const 0x9001))", "cabi_realloc was not called");
  } else {
    expect_area(guest, {1, 4, 0x9001, static_cast<std::uint32_t>(message.size())});
    std::ranges::copy(message, heap.begin() + 1);
  }
  guest.expect_bytes_at(0x9000, heap);
  EXPECT_TRUE(passes(guest));
}

TEST_P(Layout, KernelErrorHasTheSameShape) {
  GuestModule guest;
  const auto zeros = guest.buffer(16);
  const auto forever = guest.buffer_of<std::uint32_t>({0, 0, 0, 0});  // feature 0, its own child
  const auto output = guest.buffer(4);
  guest.code("(global.set $heap (i32.const 0x9000))");
  fill(guest).call("kernel-batch-predict", {1, 1, 1, 3, zeros, forever, zeros, output}).settle();
  if (legacy()) {
    expect_area(guest, {1, 2});
  } else {
    guest.expect_word(kResult, 1).expect_word(kResult + 4, 2).expect_word(kResult + 8, 0x9000);
    guest.expect("(i32.gt_u (i32.load (i32.const 1036)) (i32.const 20))", "the message is not empty");
    guest.expect_word(kResult + 16, 0xaaaa'aaaa);
  }
  EXPECT_TRUE(passes(guest));
}

TEST_P(Layout, SyncWritesNothing) {
  GuestModule guest;
  fill(guest).call("sync");
  expect_area(guest, {});
  EXPECT_TRUE(passes(guest));
}

TEST_P(Layout, DeviceInfoLeavesItsPaddingAlone) {
  GuestModule guest;
  fill(guest).call("get-device-info");
  guest.expect("(i32.eq (i32.load (i32.const 1024)) (i32.const 0x8000))", "the name is the first block");
  guest.expect("(i32.ne (i32.load (i32.const 1028)) (i32.const 0))", "the name is not empty");
  guest.expect("(call $contains (i32.load (i32.const 1032)) (i32.load (i32.const 1036)) (i32.const " +
                   std::to_string(guest.data(backend())) + ") (i32.const " + std::to_string(backend().size()) + "))",
               "the backend is its own");
  guest.expect_word(kResult + 12, static_cast<std::uint32_t>(backend().size()));
  guest.expect("(i64.ne (i64.load (i32.const 1040)) (i64.const 0))", "total-memory is not 0");
  guest.expect("(i64.lt_u (i64.load (i32.const 1040)) (i64.const 0x0001000000000000))", "total-memory is bytes");
  guest.expect_word(kResult + 24,
                    test::usable_device(backend()).device->info().is_hardware ? 1 : 0);  // is-hardware, a whole word
  guest.expect_word(kResult + 36, 0xaaaa'aaaa);
  guest.expect_bytes_at(kResult + 40, std::vector<std::uint8_t>(24, kOld));
  guest.expect_bytes_at(kResult - 24, std::vector<std::uint8_t>(24, kOld));
  EXPECT_TRUE(passes(guest));
}

INSTANTIATE_TEST_SUITE_P(Of, Layout,
                         testing::Combine(testing::ValuesIn(backend_names()),
                                          testing::Values(GpuAbi::canonical, GpuAbi::legacy)),
                         [](const auto& tested) {
                           return std::get<0>(tested.param) +
                                  (std::get<1>(tested.param) == GpuAbi::legacy ? "_legacy" : "_canonical");
                         });

}  // namespace
}  // namespace gpu_host::hostile
