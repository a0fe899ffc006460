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

}  // namespace gpu_host::e2e
