// The memory runs out in the host's own allocations while instances are made, run
// and ended. Wasmtime's are not touched: Rust ends the process where they fail.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <new>
#include <string>

#include "fault/failing_allocations.hpp"
#include "gpu_host/instance.hpp"
#include "gpu_host/stats.hpp"

namespace gpu_host::fault {
namespace {

// work() makes a buffer, fills and reads it, and gets errors with a message. The last
// that read() does is to read one; it returns whether its cabi_realloc was called.
std::string guest(const std::string& realloc_body) {
  return R"((module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi:gpu/compute@0.1.0" "buffer-create" (func $create (param i64 i32 i32)))
  (import "wasi:gpu/compute@0.1.0" "buffer-write" (func $write (param i32 i64 i32 i32 i32)))
  (import "wasi:gpu/compute@0.1.0" "buffer-read" (func $read (param i32 i64 i32 i32)))
  (import "wasi:gpu/ml-kernels@0.1.0" "kernel-reduce" (func $reduce (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $entered (i32.const 1)) )" +
         realloc_body + R"()
  (func $work (export "work")
    (call $create (i64.const 64) (i32.const 0) (i32.const 1024))
    (call $write (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 64) (i32.const 1024))
    (call $read (i32.const 1) (i64.const 0) (i32.const 64) (i32.const 1024))
    (call $reduce (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 1024))
    (call $create (i64.const 0) (i32.const 0) (i32.const 1024)))
  (global $entered (mut i32) (i32.const 0))
  (func (export "read") (result i32)
    (call $create (i64.const 64) (i32.const 0) (i32.const 1024))
    (call $read (i32.const 1) (i64.const 0) (i32.const 64) (i32.const 1024))
    (global.get $entered))
  (func (export "_start") (call $work) (call $exit (i32.const 7)))))";
}

constexpr const char* kGoodRealloc = "(i32.const 2048)";

Module load(const std::string& text, const HostOptions& options = {.interruptible = true}) {
  return Host::create(options)->load(std::as_bytes(std::span(text)), "guest").value();
}

InstanceOptions options() {
  InstanceOptions options;
  options.args = {"guest", "an argument that is longer than a short string"};
  options.env = {{"NAME", "value"}};
  options.inherit_stdio = false;
  options.device.backend = "cpu";
  options.limits.timeout = std::chrono::minutes(10);
  options.limits.gpu_time = std::chrono::minutes(10);
  options.observers = {std::make_shared<Stats>()};
  return options;
}

// What an embedder may do with a module. Whether it succeeded.
using Use = std::function<bool(const Module&)>;

bool runs(const Module& module) {
  auto instance = Instance::create(module, options());
  if (!instance) return false;
  const auto exit_code = instance->run();
  return exit_code && *exit_code == 7;
}

bool shares_and_calls(const Module& module) {
  std::array<std::byte, 64> array{};
  auto instance = Instance::create(module, options());
  if (!instance || !instance->share_read_only(array) || !instance->call("work")) return false;
  if (!instance->read_buffer(1, 0, array)) return false;
  const auto wrong = instance->call("nothing");
  return !wrong && wrong.error().kind == ErrorKind::not_found;
}

bool ends_in_realloc(const Module& module) {
  auto instance = Instance::create(module, options());
  if (!instance) return false;
  const auto called = instance->call("read");
  if (called) {
    EXPECT_EQ(called->front(), Value(0)) << "the guest went on after its cabi_realloc had ended it";
    return false;
  }
  const auto again = instance->call("read");
  return !again && again.error().kind == ErrorKind::invalid_argument;
}

// Uses the module while memory runs out, at each allocation in turn, until it no
// longer does.
void run_out_everywhere(const Module& module, const Use& use) {
  ASSERT_TRUE(use(module));  // what is made once
  for (const bool later_too : {false, true}) {
    bool ran_out = true;
    for (std::size_t n = 0; ran_out && !testing::Test::HasFailure(); ++n) {
      SCOPED_TRACE("allocation " + std::to_string(n) + (later_too ? " and all after it" : ""));
      const long before = live_blocks();
      bool succeeded = false;
      {
        const FailingAllocations failing({n, later_too}, FailingAllocations::Which::operator_new);
        try {
          succeeded = use(module);
        } catch (const std::bad_alloc&) {  // the one thing that the library may throw
        }
        ran_out = failing.happened();
      }
      EXPECT_TRUE(succeeded || ran_out);
      EXPECT_EQ(live_blocks(), before) << "leaked";
    }
  }
  EXPECT_TRUE(use(module));
}

TEST(Instances, RunCommandsWhereverMemoryRunsOut) { run_out_everywhere(load(guest(kGoodRealloc)), runs); }

TEST(Instances, ShareAndCallWhereverMemoryRunsOut) { run_out_everywhere(load(guest(kGoodRealloc)), shares_and_calls); }

TEST(Instances, RunOnAStackOfTheirOwnWhereverMemoryRunsOut) {
  run_out_everywhere(load(guest(kGoodRealloc), {.interruptible = true, .max_wasm_stack = 1 << 18}), runs);
}

// A guest that exits or traps in cabi_realloc has ended, whatever the host had no
// memory for.
TEST(Instances, EndWithTheirReallocWhereverMemoryRunsOut) {
  for (const char* realloc : {"(call $exit (i32.const 3)) unreachable", "unreachable"}) {
    run_out_everywhere(load(guest(realloc)), ends_in_realloc);
  }
}

TEST(Hosts, AreMadeWhereverMemoryRunsOut) {
  run_out_everywhere(load(guest(kGoodRealloc)), [](const Module&) {
    const std::string text = guest(kGoodRealloc);
    const auto host = Host::create({});
    if (!host) return false;
    const auto module = host->load(std::as_bytes(std::span(text)), "guest");
    return module && module->serialize() && !host->load({}, "nothing");
  });
}

}  // namespace
}  // namespace gpu_host::fault
