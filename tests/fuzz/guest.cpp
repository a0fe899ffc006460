#include "fuzz/guest.hpp"

#include <fmt/format.h>

#include <string_view>

#include "abi/contract.hpp"
#include "fuzz/functions.hpp"

namespace gpu_host::fuzz {
namespace {

// A bump allocator in the pages from the second on: it starts again at their end,
// and asks for more where a block needs them.
constexpr std::string_view kFields = R"(
  (memory (export "memory") 2)
  (global $allocator (mut i32) (i32.const 0))
  (global $heap (mut i32) (i32.const 0x10000))
  (func $end (result i32) (i32.shl (memory.size) (i32.const 16)))
  (func $allocate (param $size i32) (result i32) (local $block i32)
    (if (i32.gt_u (local.get $size) (i32.const 0x100000)) (then (return (i32.const 0))))
    (if (i32.gt_u (i32.add (global.get $heap) (local.get $size)) (call $end))
      (then (global.set $heap (i32.const 0x10000))))
    (if (i32.gt_u (i32.add (global.get $heap) (local.get $size)) (call $end)) (then
      (if (i32.eq (memory.grow (i32.shr_u (i32.add (local.get $size) (i32.const 0xffff)) (i32.const 16))) (i32.const -1))
        (then (return (i32.const 0))))))
    (local.set $block (global.get $heap))
    (global.set $heap (i32.add (local.get $block) (local.get $size)))
    (local.get $block))
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $i i32)
    (block $exits (block $loops (block $calls_back (block $grows (block $traps (block $far (block $half (block $odd
      (block $zero (block $good
        (br_table $good $zero $odd $half $far $traps $grows $calls_back $loops $exits (global.get $allocator)))
      (return (call $allocate (local.get $size))))
      (return (i32.const 0)))
      (return (i32.or (call $allocate (i32.add (local.get $size) (i32.const 1))) (i32.const 1))))
      (return (i32.add (i32.sub (call $end) (local.get $size)) (i32.const 1))))
      (return (i32.const -16)))
      unreachable)
      (drop (memory.grow (i32.const 1)))
      (return (call $allocate (local.get $size))))
      (call $buffer-create (i64.const 4) (i32.const 0) (i32.const 1024))
      (return (i32.const 0x2000)))
      (loop $next
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 20000))))
      (return (call $allocate (local.get $size))))
    (call $proc_exit (i32.const 3))
    unreachable)
  (func (export "use_allocator") (param i32) (global.set $allocator (local.get 0)))
  (func (export "reset_heap") (global.set $heap (i32.const 0x10000)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "fill") (param $at i32) (param $kind i32) (param $seed i32) (param $words i32)
    (local $i i32) (local $small i32) (local $value i32)
    (loop $next
      (if (i32.ge_u (local.get $i) (local.get $words)) (then (return)))
      (local.set $small (i32.rem_u (local.get $i) (i32.add (i32.and (local.get $seed) (i32.const 15)) (i32.const 1))))
      (local.set $value (i32.mul (i32.add (local.get $i) (local.get $seed)) (i32.const 0x9e3779b1)))
      (if (i32.eq (local.get $kind) (i32.const 1)) (then (local.set $value (local.get $small))))
      (if (i32.eq (local.get $kind) (i32.const 2))
        (then (local.set $value (i32.reinterpret_f32 (f32.convert_i32_u (local.get $small))))))
      (if (i32.eq (local.get $kind) (i32.const 3)) (then (local.set $value (local.get $seed))))
      (i32.store (i32.add (local.get $at) (i32.shl (local.get $i) (i32.const 2))) (local.get $value))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
  (func (export "peek") (param $at i32) (result i64 i64 i64 i64 i64 i64 i64 i64)
    (i64.load (local.get $at)) (i64.load offset=8 (local.get $at)) (i64.load offset=16 (local.get $at))
    (i64.load offset=24 (local.get $at)) (i64.load offset=32 (local.get $at)) (i64.load offset=40 (local.get $at))
    (i64.load offset=48 (local.get $at)) (i64.load offset=56 (local.get $at)))
  (func $word (param $at i32) (param $offset i32) (result i32)
    (if (i64.gt_u (i64.add (i64.extend_i32_u (local.get $at)) (i64.extend_i32_u (i32.add (local.get $offset) (i32.const 4))))
                  (i64.extend_i32_u (call $end)))
      (then (return (i32.const 0))))
    (i32.load (i32.add (local.get $at) (local.get $offset))))
)";

std::string_view type_name(abi::CoreType type) {
  switch (type) {
    case abi::CoreType::i32:
      return "i32";
    case abi::CoreType::i64:
      return "i64";
    case abi::CoreType::f32:
      return "f32";
    case abi::CoreType::f64:
      break;
  }
  return "f64";
}

// Argument `index` of call(), as the function's type wants it.
std::string argument(abi::CoreType type, std::size_t index) {
  const std::string raw = fmt::format("(local.get {})", index + 2);
  if (type == abi::CoreType::i64) return raw;
  const std::string word = fmt::format("(i32.wrap_i64 {})", raw);
  return type == abi::CoreType::i32 ? word : fmt::format("(f32.reinterpret_i32 {})", word);
}

}  // namespace

std::string guest_text() {
  std::string imports = "  (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $proc_exit (param i32)))\n";
  std::string blocks;
  std::string labels;
  std::string calls;
  for (const abi::ContractFunction& function : abi::contract_functions().first(kFunctions.size())) {
    const auto& parameters = function.parameters;
    std::string types;
    std::string arguments;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      types += fmt::format(" {}", type_name(parameters[i]));
      arguments += i + 1 == parameters.size() ? " (local.get 1)" : argument(parameters[i], i);
    }
    imports += fmt::format("  (import \"{}\" \"{}\" (func ${} (param{})))\n", function.interface, function.name,
                           function.name, types);
    blocks = fmt::format("(block $of-{} ", function.name) + blocks;
    labels += fmt::format(" $of-{}", function.name);
    calls += fmt::format(")\n    (call ${}{}) (br $done)", function.name, arguments);
  }
  return fmt::format(R"((module
{}{}
  (func (export "call") (param i32 i32 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i32 i32 i32 i32 i32)
    (block $done {} (br_table{} $done (local.get 0)){})
    (call $word (local.get 1) (i32.const 0)) (call $word (local.get 1) (i32.const 4))
    (call $word (local.get 1) (i32.const 8)) (call $word (local.get 1) (i32.const 12)) (memory.size)))
)",
                     imports, kFields, blocks, labels, calls);
}

}  // namespace gpu_host::fuzz
