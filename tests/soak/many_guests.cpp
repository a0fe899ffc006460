#include "soak/many_guests.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <chrono>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "gpu_host/stats.hpp"

namespace gpu_host::soak {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGuest = R"((module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi:gpu/compute@0.1.0" "buffer-create" (func $create (param i64 i32 i32)))
  (import "wasi:gpu/compute@0.1.0" "buffer-write" (func $write (param i32 i64 i32 i32 i32)))
  (import "wasi:gpu/compute@0.1.0" "buffer-read" (func $read (param i32 i64 i32 i32)))
  (import "wasi:gpu/compute@0.1.0" "sync" (func $sync))
  (import "wasi:gpu/ml-kernels@0.1.0" "kernel-elementwise" (func $elementwise (param i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:gpu/ml-kernels@0.1.0" "kernel-matmul" (func $matmul (param i32 i32 i32 i32 i32 f32 f32 i32 i32 i32 i32)))
  (import "wasi:gpu/ml-kernels@0.1.0" "kernel-reduce" (func $reduce (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 20)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048))
  (func $new (param $size i32) (result i32)
    (call $create (i64.extend_i32_u (local.get $size)) (i32.const 0) (i32.const 16))
    (if (i32.load (i32.const 16)) (then unreachable))
    (i32.load (i32.const 20)))
  ;; the bits of the sum of 2 * seed over n elements, by way of three buffers
  (func (export "work") (param $n i32) (param $seed i32) (result i32) (local $i i32) (local $a i32) (local $b i32) (local $c i32)
    (loop $next
      (f32.store offset=65536 (i32.shl (local.get $i) (i32.const 2)) (f32.convert_i32_u (local.get $seed)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
    (local.set $a (call $new (i32.shl (local.get $n) (i32.const 2))))
    (local.set $b (call $new (i32.shl (local.get $n) (i32.const 2))))
    (local.set $c (call $new (i32.const 4)))
    (call $write (local.get $a) (i64.const 0) (i32.const 65536) (i32.shl (local.get $n) (i32.const 2)) (i32.const 16))
    (call $elementwise (local.get $n) (i32.const 3) (local.get $a) (i32.const 1) (local.get $a) (local.get $b) (i32.const 16))
    (call $reduce (local.get $n) (i32.const 0) (local.get $b) (local.get $c) (i32.const 16))
    (call $read (local.get $c) (i64.const 0) (i32.const 4) (i32.const 16))
    (if (i32.load (i32.const 16)) (then unreachable))
    (i32.load (i32.const 2048)))
  (func (export "exit") (call $exit (i32.const 3)))
  (func (export "trap") unreachable)
  (func (export "trap_in_call") (call $create (i64.const 4) (i32.const 0) (i32.const -4)))
  (func (export "spin") (loop $forever (br $forever)))
  (func (export "spin_in_calls") (loop $forever (call $sync) (br $forever)))
  (func (export "spin_in_kernels") (local $a i32) (local $b i32)
    (local.set $a (call $new (i32.const 262144)))
    (local.set $b (call $new (i32.const 262144)))
    (loop $forever
      (call $matmul (i32.const 256) (i32.const 256) (i32.const 256) (i32.const 0) (i32.const 0) (f32.const 1)
        (f32.const 0) (local.get $a) (local.get $a) (local.get $b) (i32.const 16))
      (br $forever))))
)";

// What is called last, and what it must come to.
struct Ending {
  std::string_view function;
  ErrorKind error;
};

Ending ending(End end) {
  switch (end) {
    case End::exits:
      return {"exit", ErrorKind::exit};
    case End::traps:
      return {"trap", ErrorKind::trap};
    case End::traps_in_a_call:
      return {"trap_in_call", ErrorKind::trap};
    case End::meets_the_timeout_in_calls:
      return {"spin_in_calls", ErrorKind::limit};
    case End::meets_the_timeout_in_kernels:
    case End::meets_the_gpu_time:
      return {"spin_in_kernels", ErrorKind::limit};
    default:
      return {"spin", ErrorKind::limit};
  }
}

bool ends_itself(End end) { return end != End::returns && end != End::is_interrupted; }

InstanceOptions options(End end, std::uint32_t seed, const std::string& backend) {
  InstanceOptions options;
  options.inherit_stdio = false;
  options.device.backend = backend;
  options.limits.gpu_memory = 64 << 20;
  if (seed % 2 == 0) options.observers = {std::make_shared<Stats>()};
  if (end == End::meets_the_gpu_time) options.limits.gpu_time = 2ms;
  return options;
}

Value word(std::uint32_t value) { return static_cast<std::int32_t>(value); }

void expect_sum(Instance& instance, std::uint32_t elements, std::uint32_t seed) {
  const auto sum = instance.call("work", std::array{word(elements), word(seed)});
  ASSERT_TRUE(sum) << sum.error().message;
  const float expected = 2 * static_cast<float>(seed) * static_cast<float>(elements);
  EXPECT_EQ(std::bit_cast<float>(std::get<std::int32_t>(sum->front())), expected);
}

}  // namespace

Host interruptible_host() { return Host::create({.interruptible = true}).value(); }

Module load_guest(const Host& host) { return host.load(std::as_bytes(std::span(kGuest)), "guest").value(); }

void run_one(const Module& module, End end, std::uint32_t elements, std::uint32_t seed, const std::string& backend) {
  auto array = std::make_shared<std::vector<std::byte>>(256);
  auto choice = options(end, seed, backend);
  const bool is_timeout = end == End::meets_the_timeout || end == End::meets_the_timeout_in_calls ||
                          end == End::meets_the_timeout_in_kernels;
  // What a timeout cuts short is not looked at.
  if (is_timeout) choice.limits.timeout = 2ms;
  {
    auto instance = Instance::create(module, choice);
    ASSERT_TRUE(instance) << instance.error().message;
    if (end == End::is_never_run) return;
    ASSERT_TRUE(instance->share(*array, array));
    ASSERT_TRUE(instance->share_read_only(*array, array));
    if (!is_timeout && end != End::meets_the_gpu_time) expect_sum(*instance, elements, seed);
    std::jthread interrupter;
    if (end == End::is_interrupted) interrupter = std::jthread([&] { instance->interrupt(); });
    if (end == End::is_interrupted || ends_itself(end)) {
      const auto ended = instance->call(ending(end).function);
      ASSERT_FALSE(ended);
      EXPECT_EQ(ended.error().kind, ending(end).error) << ended.error().message;
      EXPECT_EQ(instance->call("work", std::array{word(1), word(1)}).error().kind, ErrorKind::invalid_argument);
    }
  }
  EXPECT_EQ(array.use_count(), 1);
}

}  // namespace gpu_host::soak
