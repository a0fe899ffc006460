// The same hostile calls on another backend as on the cpu backend: the same outcomes,
// looked at after a read.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hostile/on_each_backend.hpp"

namespace gpu_host::hostile {
namespace {

// A call that succeeds, and what its parameters are: a buffer, a count (or size, flag,
// case), an offset of 64 bits, a length in memory, a number, a pointer. One at a time is
// replaced.
struct GoodCall {
  std::string_view name;
  std::string_view kinds;
  Arguments arguments;
};

// Buffers of kBufferSize bytes; but one is destroyed, and one is for the outcomes.
constexpr std::uint32_t kZeros = 1, kNumbers = 2, kFarNumbers = 3, kChain = 4, kCycle = 5, kTrees = 6, kOutput = 7,
                        kAlsoOutput = 8, kDead = 9, kOutcomes = 10;
constexpr std::uint32_t kBufferSize = 64;
constexpr std::size_t kMaxCalls = 256;

const std::vector<GoodCall>& good_calls() {
  static const std::vector<GoodCall> kCalls{
      {"buffer-create", "on", {4, 0}},
      {"buffer-write", "bopl", {kOutput, 0, kData, 4}},
      {"buffer-read", "bon", {kNumbers, 0, 4}},
      {"buffer-copy", "boboo", {kNumbers, 0, kOutput, 0, 4}},
      {"kernel-bootstrap-sample", "nnnb", {4, 1, 3, kOutput}},
      {"kernel-find-split", "nnnnbbbbb", {1, 1, 0, 1, kZeros, kNumbers, kNumbers, kZeros, kOutput}},
      {"kernel-average", "nnbb", {2, 2, kNumbers, kOutput}},
      {"kernel-matmul", "nnnnnffbbb", {2, 2, 2, 0, 0, 1.0, 0.0, kZeros, kNumbers, kOutput}},
      {"kernel-elementwise", "nnbnbb", {4, 3, kNumbers, 1, kZeros, kOutput}},
      {"kernel-reduce", "nnbb", {4, 0, kZeros, kOutput}},
      {"kernel-batch-predict", "nnnnbbbb", {1, 1, 1, 3, kZeros, kChain, kZeros, kOutput}},
  };
  return kCalls;
}

std::vector<Argument> replacements(char kind) {
  switch (kind) {
    case 'b':
      return {0, kZeros, kNumbers, kFarNumbers, kChain, kCycle, kTrees, kOutput, kAlsoOutput, kDead, 100, kMax32};
    case 'o':
      return {0, 1, 3, 60, 61, 64, 65, kMax64 - 3, kMax64, std::uint64_t{1} << 63U};
    case 'n':
      return {0, 1, 2, 3, 4, 5, 7, 16, 17, 0x100, 0x4000'0000, 0x7fff'ffff, 0x8000'0000, kMax32 - 1, kMax32};
    case 'f':
      return {0.0, -1.0, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()};
    case 'l':
      return {0, 1, 3, 60, 64, 65, 0x1000};
    default:  // a bad pointer is a trap: pointers_test.cpp
      return {kData, kData + 1};
  }
}

// As the guest records it.
struct Outcome {
  std::uint32_t is_error;
  std::uint32_t code;
  std::uint32_t length;
  std::array<char, 244> characters;
  [[nodiscard]] std::string_view text() const { return {characters.data(), std::min<std::size_t>(length, 244)}; }
};
static_assert(sizeof(Outcome) == 256);

// Makes the calls, each on buffers with the same contents.
class Sequence {
 public:
  Sequence() {
    guest_.memory("(memory (export \"memory\") 3)");
    contents<std::uint32_t>({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    contents<std::uint32_t>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
    contents<std::uint32_t>({kMax32, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
    contents<Node>({{0, 1, 1, 1}, {0, -1, 2, 2}, {-1, 5, 0, 0}, {-1, 6, 0, 0}});
    contents<Node>({{0, 1, 1, 1}, {0, 1, 0, 0}, {0, 1, 1, 1}, {0, 1, 1, 1}});
    contents<Node>({{0, 1, 4, 1}, {-1, 1, 0, 0}, {-2, 1, 1, 1}, {99, 1, 1, 1}});
    contents<float>({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
    contents<float>({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
    guest_.call("buffer-destroy", {guest_.buffer(kBufferSize)}).expect_ok();
    guest_.buffer(kMaxCalls * sizeof(Outcome));
    guest_.field(fmt::format("(func $reset {})", reset_));
    guest_.field(fmt::format(R"(
      (global $at (mut i32) (i32.const {log}))
      (func $record (local $code i32)
        (local.set $code (i32.load (i32.const {code})))
        (i32.store (global.get $at) (i32.load (i32.const {result})))
        (i32.store offset=4 (global.get $at) (local.get $code))
        (if (i32.and (i32.load (i32.const {result}))
                     (i32.or (i32.eq (local.get $code) (i32.const 2)) (i32.eq (local.get $code) (i32.const 4)))) (then
          (i32.store offset=8 (global.get $at) (i32.load (i32.const {length})))
          (memory.copy (i32.add (global.get $at) (i32.const 12)) (i32.load (i32.const {text}))
            (i32.load (i32.const {length})))))
        (global.set $heap (i32.const {heap}))
        (global.set $at (i32.add (global.get $at) (i32.const {size}))))
    )",
                             fmt::arg("log", kLog), fmt::arg("heap", kHeap), fmt::arg("result", kResult),
                             fmt::arg("code", kResult + 4), fmt::arg("text", kResult + 8),
                             fmt::arg("length", kResult + 12), fmt::arg("size", sizeof(Outcome))));
  }

  void add(std::string_view name, const Arguments& arguments) {
    guest_.code("(call $reset)").call(name, arguments).settle().code("(call $record)");
    ++n_calls_;
  }

  // What each call came to.
  [[nodiscard]] std::vector<Outcome> run(const InstanceOptions& options) const {
    GuestModule whole = guest_;
    whole.call("buffer-write", {kOutcomes, 0, kLog, n_calls_ * sizeof(Outcome)}).expect_ok();
    const std::string text = whole.text();
    auto instance = Instance::create(shared_host().load(std::as_bytes(std::span(text)), "sequence").value(), options);
    EXPECT_TRUE(exits(instance->run(), 0));
    std::vector<Outcome> outcomes(n_calls_);
    EXPECT_TRUE(instance->read_buffer(kOutcomes, 0, std::as_writable_bytes(std::span(outcomes))));
    return outcomes;
  }

 private:
  static constexpr std::uint32_t kLog = 0x10000;

  // A buffer that holds this before each call.
  template <class T>
  void contents(std::initializer_list<T> values) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(values.begin()), values.size() * sizeof(T));
    const auto id = guest_.buffer(bytes.size());
    reset_ += fmt::format(
        "(call $buffer-write (i32.const {}) (i64.const 0) (i32.const {}) (i32.const {}) "
        "(i32.const {}))\n",
        id, guest_.data(bytes), bytes.size(), kResult);
  }

  GuestModule guest_;
  std::string reset_;
  std::size_t n_calls_ = 0;
};

using Differential = OnEachBackend;

TEST_P(Differential, HostileCallsHaveTheOutcomesOfTheCpu) {
  for (const GoodCall& good : good_calls()) {
    Sequence sequence;
    std::vector<std::string> descriptions;
    for (std::size_t i = 0; i < good.kinds.size(); ++i) {
      const auto all = replacements(good.kinds[i]);
      for (std::size_t k = 0; k < all.size(); ++k) {
        Arguments arguments = good.arguments;
        arguments[i] = all[k];
        sequence.add(good.name, arguments);
        descriptions.push_back(fmt::format("{}, argument {}, replacement {}", good.name, i, k));
      }
    }
    const auto expected = sequence.run(cpu_options());
    const auto outcomes = sequence.run(options());
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      SCOPED_TRACE(descriptions[i]);
      EXPECT_EQ(outcomes[i].is_error, expected[i].is_error) << outcomes[i].text() << expected[i].text();
      if (expected[i].is_error == 0) continue;  // its payload follows
      EXPECT_EQ(outcomes[i].code, expected[i].code);
      EXPECT_EQ(outcomes[i].text(), expected[i].text());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, Differential, testing::Values("cuda", "webgpu"), backend_test_name);

}  // namespace
}  // namespace gpu_host::hostile
