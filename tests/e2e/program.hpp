// The program under test, and modules to run in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "e2e/process.hpp"

namespace gpu_host::e2e {

// Exit codes beside the guest's own.
inline constexpr int kHostError = 1;
inline constexpr int kUsageError = 2;
inline constexpr int kTrap = 134;

[[nodiscard]] Outcome run_program(const std::vector<std::string>& arguments, const ProcessOptions& options = {});

// tests/guests/NAME, built.
[[nodiscard]] std::string guest(std::string_view name);

// A WASI command that prints "hello".
inline constexpr std::string_view kHelloWat = R"((module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\06\00\00\00")
  (data (i32.const 16) "hello\n")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
)";

inline constexpr std::string_view kLoopWat = R"((module (func (export "_start") (loop $again (br $again)))))";

// A library of functions.
inline constexpr std::string_view kFunctionsWat = R"((module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "nothing"))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "each") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
    (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "trap") unreachable)
  (func (export "leave") (param i32) (call $exit (local.get 0)))
  (func (export "reference") (param externref))
  (func $recurse (export "recurse") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (i32.add (i32.const 1) (call $recurse (i32.sub (local.get 0) (i32.const 1)))))))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
)";

// Creates two buffers of 1 MiB each, then destroys one that is not there. Exits with the
// errors of the three (0, or 1 + the case) as digits: 002 where both fit.
inline constexpr std::string_view kBuffersWat = R"((module
  (import "wasi:gpu/compute@0.1.0" "buffer-create" (func $create (param i64 i32 i32)))
  (import "wasi:gpu/compute@0.1.0" "buffer-destroy" (func $destroy (param i32 i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func $outcome (param $at i32) (result i32)
    (if (result i32) (i32.load (local.get $at))
      (then (i32.add (i32.const 1) (i32.load offset=4 (local.get $at)))) (else (i32.const 0))))
  (func (export "_start")
    (call $create (i64.const 1048576) (i32.const 0) (i32.const 0))
    (call $create (i64.const 1048576) (i32.const 0) (i32.const 16))
    (call $destroy (i32.const 77) (i32.const 32))
    (call $exit (i32.add (i32.add
      (i32.mul (i32.const 100) (call $outcome (i32.const 0)))
      (i32.mul (i32.const 10) (call $outcome (i32.const 16))))
      (call $outcome (i32.const 32))))))
)";

}  // namespace gpu_host::e2e
