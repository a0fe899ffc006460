// What an embedder does with an instance: calls, arrays of its own, interrupts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <future>
#include <memory>
#include <thread>

#include "hostile/on_each_backend.hpp"

namespace gpu_host::hostile {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Module load(const std::string& text, const Host& host = shared_host()) {
  auto module = host.load(std::as_bytes(std::span(text)), "guest");
  EXPECT_TRUE(module) << module.error().message;
  return *module;
}

Instance instantiate(const std::string& text, const InstanceOptions& options = cpu_options()) {
  auto instance = Instance::create(load(text), options);
  EXPECT_TRUE(instance) << instance.error().message;
  return *std::move(instance);
}

using Values = std::vector<Value>;

// relu(input, output, n): the kernel's result word.
constexpr const char* kRelu = R"((module
  (import "wasi:gpu/ml-kernels@0.1.0" "kernel-elementwise"
    (func $elementwise (param i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "relu") (param i32 i32 i32) (result i32)
    (call $elementwise (local.get 2) (i32.const 0) (local.get 0) (i32.const 0) (i32.const 0) (local.get 1)
      (i32.const 16))
    (i32.load (i32.const 16)))
  (func (export "case") (result i32) (i32.load (i32.const 20)))))";

Value id(Result<BufferId> buffer) { return static_cast<std::int32_t>(buffer.value()); }

TEST(Calls, PassAndReturnEveryNumber) {
  auto instance = instantiate(R"((module
    (func (export "swap") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
      (local.get 3) (local.get 2) (local.get 1) (local.get 0))))");
  const Values given{std::int32_t{-1}, std::int64_t{1} << 40, 1.5F, -2.25};
  EXPECT_EQ(instance.call("swap", given).value(), Values(given.rbegin(), given.rend()));
  EXPECT_EQ(instance.parameters("swap").value().size(), 4U);
}

TEST(Calls, ShareOneMemoryAndOneInitialization) {
  auto instance = instantiate(R"((module
    (global $n (mut i32) (i32.const 0))
    (func (export "_initialize") (global.set $n (i32.add (global.get $n) (i32.const 10))))
    (func (export "next") (result i32)
      (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))))");
  EXPECT_THAT(instance.call("next").value(), ElementsAre(Value(11)));
  EXPECT_THAT(instance.call("next").value(), ElementsAre(Value(12)));
}

TEST(Calls, NameWhatIsWrongAndEndNothing) {
  auto instance = instantiate(R"((module (memory (export "memory") 1)
    (func (export "f") (param i32 f32))
    (func (export "ref") (param funcref))))");
  const auto fails = [&](std::string_view name, const Values& values, ErrorKind kind, const char* text) {
    const auto called = instance.call(name, values);
    ASSERT_FALSE(called);
    EXPECT_EQ(called.error().kind, kind);
    EXPECT_THAT(called.error().message, HasSubstr(text));
  };
  fails("g", {}, ErrorKind::not_found, "'g'");
  fails("memory", {}, ErrorKind::not_found, "'memory'");
  fails("f", {1}, ErrorKind::invalid_argument, "takes 2 arguments, not 1");
  fails("f", {1, 2}, ErrorKind::invalid_argument, "takes an f32 as argument 2, not an i32");
  fails("ref", {}, ErrorKind::invalid_argument, "no number");
  EXPECT_TRUE(instance.call("f", Values{1, 2.0F}));
}

TEST(Calls, OfAnEndedInstanceAreErrors) {
  const char* text = R"((module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "trap") unreachable)
    (func (export "exit") (call $exit (i32.const 7)))
    (func (export "ok"))))";
  auto trapped = instantiate(text);
  EXPECT_EQ(trapped.call("trap").error().kind, ErrorKind::trap);
  EXPECT_THAT(trapped.call("ok").error().message, HasSubstr("has ended"));
  auto exited = instantiate(text);
  EXPECT_TRUE(exited.call("ok"));
  EXPECT_EQ(exited.call("exit").error().kind, ErrorKind::exit);
  EXPECT_THAT(exited.call("ok").error().message, HasSubstr("has ended"));
  EXPECT_EQ(instantiate(text).call("exit").error().exit_code, 7);
}

TEST(Calls, AndRunDoNotMix) {
  const char* text = R"((module (func (export "_start")) (func (export "f"))))";
  auto called = instantiate(text);
  EXPECT_TRUE(called.call("f"));
  EXPECT_EQ(called.run().error().kind, ErrorKind::invalid_argument);
  auto ran = instantiate(text);
  EXPECT_EQ(ran.run().value(), 0);
  EXPECT_FALSE(ran.call("f"));
  EXPECT_FALSE(ran.run());
}

// Wasmtime's C API ends the process when it is asked for the kind of most types.
TEST(Types, OfAnyKindAreNoCrash) {
  for (const std::string type : {"v128", "externref", "funcref", "structref", "arrayref", "i31ref", "anyref", "eqref",
                                 "exnref", "(ref $s)", "(ref null $s)", "nullref"}) {
    const std::string text =
        "(module (type $s (struct)) (memory (export \"memory\") 1)"
        "(func (export \"_start\") (param " +
        type +
        "))"
        "(func (export \"_initialize\") (param " +
        type +
        "))"
        "(func (export \"f\") (param " +
        type +
        "))"
        "(func (export \"ok\")))";
    auto instance = instantiate(text);
    EXPECT_EQ(instance.run().error().kind, ErrorKind::invalid_module) << type;
    EXPECT_EQ(instance.call("f").error().kind, ErrorKind::invalid_argument) << type;
    EXPECT_EQ(instance.parameters("f").error().kind, ErrorKind::invalid_argument) << type;
    EXPECT_TRUE(instance.call("ok")) << type;
  }
}

TEST(Types, OfCabiReallocMayBeAny) {
  for (const std::string result : {"(result v128) (v128.const i64x2 0 0)", "(result anyref) (ref.null any)"}) {
    GuestModule guest;
    guest.realloc("(func (export \"cabi_realloc\") (param i32 i32 i32 i32) " + result + ")");
    guest.call("buffer-create", {0, 0});
    EXPECT_TRUE(traps(guest, "cabi_realloc"));
  }
}

// Whoever calls a re-exported function of the host is no guest with exports.
TEST(Calls, OfReexportedImportsHarmNothing) {
  auto instance = instantiate(R"((module
    (import "wasi:gpu/compute@0.1.0" "sync" (func $sync))
    (import "wasi:gpu/compute@0.1.0" "buffer-create" (func $create (param i64 i32 i32)))
    (memory (export "memory") 1)
    (export "sync" (func $sync))
    (func (export "create") (result i32) (call $create (i64.const 4) (i32.const 0) (i32.const 16))
      (i32.load (i32.const 16)))))");
  EXPECT_TRUE(instance.call("sync"));
  EXPECT_THAT(instance.call("create").value(), ElementsAre(Value(0)));
}

using SharedArrays = OnEachBackend;

TEST_P(SharedArrays, HoldWhatTheGuestWrote) {
  auto instance = instantiate(kRelu, options());
  const std::array<float, 3> input{-1, 2, -3};
  std::array<float, 3> output{9, 9, 9};
  const auto in = id(instance.share_read_only(std::as_bytes(std::span(input))));
  const auto out = id(instance.share(std::as_writable_bytes(std::span(output))));
  EXPECT_THAT(instance.call("relu", Values{in, out, 3}).value(), ElementsAre(Value(0)));
  EXPECT_THAT(output, ElementsAre(0, 2, 0));
  std::array<float, 2> read{};
  EXPECT_TRUE(instance.read_buffer(2, 4, std::as_writable_bytes(std::span(read))));
  EXPECT_THAT(read, ElementsAre(2, 0));
}

TEST_P(SharedArrays, ThatAreReadOnlyStayAsTheyAre) {
  auto instance = instantiate(kRelu, options());
  const std::array<float, 1> array{-1};
  const auto in = id(instance.share_read_only(std::as_bytes(std::span(array))));
  std::array<float, 1> other{-5};
  const auto source = id(instance.share(std::as_writable_bytes(std::span(other))));
  EXPECT_THAT(instance.call("relu", Values{source, in, 1}).value(), ElementsAre(Value(1)));
  EXPECT_THAT(instance.call("case").value(), ElementsAre(Value(4)));  // invalid-params
  EXPECT_EQ(array[0], -1);
}

TEST_P(SharedArrays, CountAsBuffersButNotInBytes) {
  InstanceOptions limited = options();
  limited.limits.gpu_memory = 0;
  limited.limits.gpu_buffers = 1;
  auto instance = instantiate(kRelu, limited);
  std::array<float, 1000> array{};
  EXPECT_TRUE(instance.share(std::as_writable_bytes(std::span(array))));
  EXPECT_EQ(instance.share(std::as_writable_bytes(std::span(array))).error().kind, ErrorKind::limit);
}

TEST_P(SharedArrays, CanBeReadAfterTheRun) {
  auto instance = instantiate("(module (func (export \"_start\")))", options());
  std::array<float, 2> array{1, 2};
  const auto bytes = std::as_writable_bytes(std::span(array));
  const auto buffer = instance.share(bytes);
  EXPECT_EQ(instance.run().value(), 0);
  std::array<float, 2> read{};
  EXPECT_TRUE(instance.read_buffer(*buffer, 0, std::as_writable_bytes(std::span(read))));
  EXPECT_EQ(read, array);
  EXPECT_THAT(instance.share(bytes).error().message, HasSubstr("has ended"));
  instance.interrupt();
  EXPECT_EQ(instance.read_buffer(*buffer, 0, std::as_writable_bytes(std::span(read))).error().kind, ErrorKind::limit);
}

TEST_P(SharedArrays, KeepTheirOwnerAsLongAsTheyAreBuffers) {
  auto owner = std::make_shared<std::array<float, 4>>();
  {
    auto instance = instantiate(kRelu, options());
    EXPECT_TRUE(instance.share(std::as_writable_bytes(std::span(*owner)), owner));
    EXPECT_EQ(owner.use_count(), 2);
  }
  EXPECT_EQ(owner.use_count(), 1);
}

TEST_P(SharedArrays, AreLetGoWhenReleased) {
  InstanceOptions limited = options();
  limited.limits.gpu_buffers = 2;
  auto instance = instantiate(kRelu, limited);
  auto owner = std::make_shared<std::array<float, 4>>();
  const std::array<float, 4> input{1, -2, 3, -4};
  for (int i = 0; i < 10; ++i) {
    const auto in = instance.share_read_only(std::as_bytes(std::span(input)));
    const auto out = instance.share(std::as_writable_bytes(std::span(*owner)), owner);
    ASSERT_TRUE(in && out);
    EXPECT_THAT(instance.call("relu", Values{id(in), id(out), 4}).value(), ElementsAre(Value(0)));
    EXPECT_TRUE(instance.release(*in));
    EXPECT_TRUE(instance.release(*out));
    EXPECT_EQ(owner.use_count(), 1);
    EXPECT_EQ(instance.release(*out).error().kind, ErrorKind::invalid_argument);
  }
  EXPECT_THAT(*owner, ElementsAre(1, 0, 3, 0));
}

TEST_P(SharedArrays, ThatCannotBeBuffersAreErrors) {
  auto instance = instantiate(kRelu, options());
  EXPECT_EQ(instance.share({}).error().kind, ErrorKind::invalid_argument);
  std::array<float, 2> array{};
  const auto bytes = std::as_writable_bytes(std::span(array));
  EXPECT_EQ(instance.share(bytes.subspan(1, 4)).error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(instance.read_buffer(1, 0, bytes).error().kind, ErrorKind::invalid_argument);
  ASSERT_TRUE(instance.share(bytes));
  EXPECT_EQ(instance.read_buffer(1, 1, bytes).error().kind, ErrorKind::invalid_argument);
}

constexpr const char* kEndless = R"((module (func (export "_start") (loop $forever (br $forever)))))";

TEST(Interrupt, EndsTheGuestFromAnotherThread) {
  auto instance = instantiate(kEndless);
  auto ran = std::async(std::launch::async, [&] { return instance.run(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  instance.interrupt();
  EXPECT_TRUE(is_error(ran.get(), ErrorKind::limit, "interrupted"));
}

TEST(Interrupt, BeforeTheRunEndsItAtOnce) {
  auto instance = instantiate(kEndless);
  instance.interrupt();
  EXPECT_TRUE(is_error(instance.run(), ErrorKind::limit, "interrupted"));
}

TEST(Precompiled, RunsWhereItIsAllowed) {
  const Module module = load(R"((module (func (export "f") (result i32) (i32.const 5))))");
  const auto code = module.serialize();
  ASSERT_TRUE(code);
  const auto refused = shared_host().load(*code, "guest");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("allow"));
  const auto host = Host::create({.interruptible = true, .allow_precompiled = true});
  const auto loaded = host->load(*code, "guest");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_THAT(Instance::create(*loaded, cpu_options())->call("f").value(), ElementsAre(Value(5)));
}

TEST(Precompiled, ForOtherOptionsOrCutOffIsInvalid) {
  auto code = load("(module)").serialize().value();
  const auto other = Host::create({.interruptible = false, .allow_precompiled = true});
  EXPECT_EQ(other->load(code, "guest").error().kind, ErrorKind::invalid_module);
  const auto same = Host::create({.interruptible = true, .allow_precompiled = true});
  for (const std::size_t size : {std::size_t{4}, std::size_t{64}, code.size() / 2}) {
    EXPECT_EQ(same->load(std::span(code).first(size), "guest").error().kind, ErrorKind::invalid_module) << size;
  }
}

TEST(Profile, IsWrittenAfterTheRun) {
  InstanceOptions options = cpu_options();
  options.profile_interval = std::chrono::milliseconds(1);
  options.limits.timeout = std::chrono::milliseconds(50);
  auto instance = instantiate(kEndless, options);
  EXPECT_TRUE(is_error(instance.run(), ErrorKind::limit, "timeout"));
  const auto profile = instance.guest_profile();
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_THAT(*profile, HasSubstr("samples"));
  EXPECT_FALSE(instance.guest_profile());
}

TEST(Options, ThatMakeNoSenseAreErrors) {
  using std::chrono::hours, std::chrono::nanoseconds;
  const auto refused = [](const auto& change) {
    InstanceOptions options = cpu_options();
    change(options);
    const auto instance = Instance::create(load("(module)"), options);
    return !instance && instance.error().kind == ErrorKind::invalid_argument;
  };
  EXPECT_TRUE(refused([](auto& options) { options.cpu_threads = 0; }));
  EXPECT_TRUE(refused([](auto& options) { options.limits.fuel = 1; }));  // the host has none
  EXPECT_TRUE(refused([](auto& options) { options.profile_interval = nanoseconds(0); }));
  EXPECT_TRUE(refused([](auto& options) { options.profile_interval = hours(2); }));
  for (const std::uint64_t stack :
       {std::uint64_t{0}, std::uint64_t{1}, kMinWasmStack - 1, kMaxWasmStack + 1, ~std::uint64_t{0}}) {
    EXPECT_EQ(Host::create({.max_wasm_stack = stack}).error().kind, ErrorKind::invalid_argument) << stack;
  }
  EXPECT_EQ(Host::create({.cache_config = "/no/such/file.toml"}).error().kind, ErrorKind::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Backends, SharedArrays, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::hostile
