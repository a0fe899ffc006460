// Guests that want more memory, tables, stack, fuel or GPU time than they may have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>

#include "hostile/on_each_backend.hpp"

namespace gpu_host::hostile {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

// Calls f of a module, on a host of its own, and gives what it returns.
Result<std::vector<Value>> call_f(const std::string& text, const InstanceOptions& options,
                                  const HostOptions& host_options = {}) {
  const auto host = Host::create(host_options);
  if (!host) return std::unexpected(host.error());
  const auto module = host->load(std::as_bytes(std::span(text)), "guest");
  if (!module) return std::unexpected(module.error());
  auto instance = Instance::create(*module, options);
  if (!instance) return std::unexpected(instance.error());
  return instance->call("f");
}

testing::AssertionResult gives(const Result<std::vector<Value>>& result, std::int32_t value) {
  if (!result) return testing::AssertionFailure() << result.error().message;
  if (result->at(0) == Value(value)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << std::get<std::int32_t>(result->at(0));
}

testing::AssertionResult fails(const Result<std::vector<Value>>& result, ErrorKind kind, std::string_view text) {
  if (result) return testing::AssertionFailure() << "no error";
  if (result.error().kind == kind && result.error().message.find(text) != std::string::npos) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "error of kind " << static_cast<int>(result.error().kind) << ": "
                                     << result.error().message;
}

// f grows the memory by a page until it cannot, and gives the pages it has.
constexpr const char* kGrowsMemory = R"((module (memory (export "memory") 1)
  (func (export "f") (result i32)
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (memory.size))))";

TEST(GuestMemory, GrowsToItsLimitAndNoFurther) {
  InstanceOptions options = cpu_options();
  options.limits.guest_memory = 10 * kPage;
  EXPECT_TRUE(gives(call_f(kGrowsMemory, options), 10));
  options.limits.guest_memory = 11 * kPage - 1;
  EXPECT_TRUE(gives(call_f(kGrowsMemory, options), 10));
}

TEST(GuestMemory, ThatIsTooSmallForTheModuleIsAnError) {
  InstanceOptions options = cpu_options();
  for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{kPage - 1}}) {
    options.limits.guest_memory = limit;
    EXPECT_TRUE(fails(call_f(kGrowsMemory, options), ErrorKind::limit, "memory")) << limit;
  }
}

TEST(GuestMemory, WithoutEndIsThatOf32Bits) {
  InstanceOptions options = cpu_options();
  options.limits.guest_memory = kMax;
  EXPECT_TRUE(gives(
      call_f(R"((module (memory 1) (func (export "f") (result i32) (memory.grow (i32.const 65536)))))", options), -1));
}

TEST(GuestMemory, Of64BitsHasALimitByDefault) {
  constexpr const char* kWants = R"((module (memory i64 1)
    (func (export "f") (result i32) (i64.eq (memory.grow (i64.const 0x20000)) (i64.const -1)))))";
  EXPECT_TRUE(gives(call_f(kWants, cpu_options()), 1));
}

TEST(GuestMemory, IsOne) {
  constexpr const char* kTwo = R"((module (memory 1) (memory 1) (func (export "f"))))";
  EXPECT_TRUE(fails(call_f(kTwo, cpu_options()), ErrorKind::limit, "memory count too high"));
}

TEST(Tables, GrowToTheirLimitAndNoFurther) {
  constexpr const char* kGrows = R"((module (table 1 funcref)
    (func (export "f") (result i32)
      (loop $more (br_if $more (i32.ne (table.grow (ref.null func) (i32.const 1)) (i32.const -1))))
      (table.size))))";
  InstanceOptions options = cpu_options();
  options.limits.table_elements = 100;
  EXPECT_TRUE(gives(call_f(kGrows, options), 100));
}

TEST(Tables, AreNotWithoutNumber) {
  std::string text = "(module (func (export \"f\"))";
  for (int i = 0; i < 11; ++i) text += "(table 1 funcref)";
  EXPECT_TRUE(fails(call_f(text + ")", cpu_options()), ErrorKind::limit, "table count too high"));
}

// Throws and catches for ever: each exception is an object that nobody collects.
TEST(GuestObjects, HaveALimit) {
  constexpr const char* kThrows = R"((module (tag $e (param i64 i64 i64 i64))
    (func (export "f")
      (loop $more
        (block $caught (result i64 i64 i64 i64)
          (try_table (result i64 i64 i64 i64) (catch $e $caught)
            (throw $e (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4))))
        (drop) (drop) (drop) (drop)
        (br $more)))))";
  InstanceOptions options = cpu_options();
  options.limits.guest_memory = 1 << 20;
  options.limits.timeout = 60s;
  const auto result = call_f(kThrows, options, {.interruptible = true});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message.find("timeout"), std::string::npos) << result.error().message;
}

constexpr const char* kEndlessF = R"((module (func (export "f") (loop $forever (br $forever)))))";

TEST(Fuel, EndsTheGuest) {
  InstanceOptions options = cpu_options();
  for (const std::uint64_t fuel : {0, 1, 1'000'000}) {
    options.limits.fuel = fuel;
    EXPECT_TRUE(fails(call_f(kEndlessF, options, {.fuel = true}), ErrorKind::limit,
                      "out of fuel: all " + std::to_string(fuel) + " units"));
  }
}

TEST(Fuel, IsForTheWholeLife) {
  const auto host = Host::create({.fuel = true});
  const std::string text = R"((module (func (export "f") (result i32) (i32.const 1))))";
  const auto module = host->load(std::as_bytes(std::span(text)), "guest");
  InstanceOptions options = cpu_options();
  options.limits.fuel = 1000;
  auto instance = Instance::create(*module, options);
  int calls = 0;
  auto called = instance->call("f");
  for (; called; called = instance->call("f")) ++calls;
  EXPECT_GT(calls, 1);
  EXPECT_LT(calls, 1000);
  EXPECT_TRUE(fails(called, ErrorKind::limit, "out of fuel"));
}

TEST(Fuel, ThatIsNotLimitedDoesNotEnd) {
  constexpr const char* kGivesOne = R"((module (func (export "f") (result i32) (i32.const 1))))";
  EXPECT_TRUE(gives(call_f(kGivesOne, cpu_options(), {.fuel = true}), 1));
  InstanceOptions options = cpu_options();
  options.limits.fuel = kMax;
  EXPECT_TRUE(gives(call_f(kGivesOne, options, {.fuel = true}), 1));
}

TEST(Fuel, UsedUpInsideCabiReallocEndsTheGuest) {
  GuestModule guest;
  guest.realloc(
      R"((func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (loop $l (br $l)) (i32.const 0)))");
  const auto id = guest.buffer(8);
  guest.call("buffer-read", {id, 0, 8});
  const std::string text = guest.text();
  const auto host = Host::create({.fuel = true});
  const auto module = host->load(std::as_bytes(std::span(text)), "guest");
  InstanceOptions options = cpu_options();
  options.limits.fuel = 100'000;
  auto instance = Instance::create(*module, options);
  EXPECT_TRUE(is_error(instance->run(), ErrorKind::limit, "out of fuel"));
}

// How deep a guest can recurse.
std::string counting() {
  return R"((module (global $depth (mut i32) (i32.const 0))
    (func $f (export "deep") (param i32) (result i32)
      (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
      (if (i32.gt_u (local.get 0) (i32.const 0)) (then (drop (call $f (i32.sub (local.get 0) (i32.const 1))))))
      (global.get $depth))
    (func (export "f") (result i32) (call $f (i32.const 100000)))))";
}

TEST(Stack, OverflowIsATrap) {
  const std::string recursive = R"((module (func $f (export "f") (call $f) (call $f))))";
  EXPECT_TRUE(fails(call_f(recursive, cpu_options()), ErrorKind::trap, "stack"));
  for (const std::uint64_t stack : {kMinWasmStack, std::uint64_t{8} << 20, kMaxWasmStack}) {
    EXPECT_TRUE(fails(call_f(recursive, cpu_options(), {.max_wasm_stack = stack}), ErrorKind::trap, "stack")) << stack;
  }
}

TEST(Stack, IsAsLargeAsAskedFor) {
  EXPECT_TRUE(fails(call_f(counting(), cpu_options()), ErrorKind::trap, "stack"));
  EXPECT_TRUE(gives(call_f(counting(), cpu_options(), {.max_wasm_stack = 64 << 20}), 100001));
}

using StackOfHostCalls = OnEachBackend;

// The host's own code needs stack too, where the guest has used up its own.
TEST_P(StackOfHostCalls, IsLeftByTheGuest) {
  GuestModule guest;
  const auto a = guest.buffer(64 * 64 * 4);
  const auto b = guest.buffer(64 * 64 * 4);
  const std::string ids = std::to_string(a) + ") (i32.const " + std::to_string(a) + ") (i32.const " + std::to_string(b);
  guest.field(
      "(func $deep (call $kernel-matmul (i32.const 64) (i32.const 64) (i32.const 64) (i32.const 0) (i32.const 0)"
      "(f32.const 1) (f32.const 0) (i32.const " +
      ids + ") (i32.const 1024)) (call $deep) (call $deep))");
  guest.code("(call $deep)");
  EXPECT_TRUE(traps(guest, "stack"));
}

class GpuTime : public OnEachBackend {
 protected:
  [[nodiscard]] InstanceOptions with_gpu_time(std::chrono::nanoseconds time) const {
    InstanceOptions limited = options();
    limited.limits.gpu_time = time;
    return limited;
  }
};

GuestModule multiplies_for_ever() {
  GuestModule guest;
  const auto a = guest.buffer(1024 * 1024 * 4);
  const auto b = guest.buffer(1024 * 1024 * 4);
  guest.code("(loop $forever").call("kernel-matmul", {1024, 1024, 1024, 0, 0, 1.0, 0.0, a, a, b});
  guest.code("(br $forever))");
  return guest;
}

TEST_P(GpuTime, EndsTheGuestThatUsesItUp) {
  for (const auto time : {-1ns, 0ns, 1ns, 100'000'000ns}) {
    EXPECT_TRUE(is_error(run(multiplies_for_ever(), with_gpu_time(time)), ErrorKind::limit, "GPU time"));
  }
}

TEST_P(GpuTime, IsNotUsedByOtherThings) {
  EXPECT_TRUE(exits(run(GuestModule(), with_gpu_time(0ns)), 0));
  GuestModule allocates;
  allocates.buffer(100);
  allocates.call("sync");
  EXPECT_TRUE(passes(allocates, with_gpu_time(0ns)));
}

TEST_P(GpuTime, ThatIsNotUsedUpHarmsNobody) {
  GuestModule guest;
  const auto id = guest.buffer_of<float>({-1, 2});
  guest.call("kernel-elementwise", {2, 0, id, 0, 0, id}).expect_ok().expect_values<float>(id, {0, 2});
  EXPECT_TRUE(passes(guest, with_gpu_time(1h)));
  EXPECT_TRUE(passes(guest, with_gpu_time(std::chrono::nanoseconds::max())));
}

INSTANTIATE_TEST_SUITE_P(Backends, StackOfHostCalls, testing::ValuesIn(backend_names()), backend_test_name);
INSTANTIATE_TEST_SUITE_P(Backends, GpuTime, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::hostile
