#include "hostile/guest_module.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace gpu_host::hostile {
namespace {

constexpr std::string_view kCompute = "wasi:gpu/compute@0.1.0";
constexpr std::string_view kMlKernels = "wasi:gpu/ml-kernels@0.1.0";

// Written from the contract, not from the host's own table.
constexpr std::array kImports{
    Import{kCompute, "get-device-info", "i32"},
    Import{kCompute, "buffer-create", "i64 i32 i32"},
    Import{kCompute, "buffer-write", "i32 i64 i32 i32 i32"},
    Import{kCompute, "buffer-read", "i32 i64 i32 i32"},
    Import{kCompute, "buffer-copy", "i32 i64 i32 i64 i64 i32"},
    Import{kCompute, "buffer-destroy", "i32 i32"},
    Import{kCompute, "sync", ""},
    Import{kMlKernels, "kernel-bootstrap-sample", "i32 i32 i32 i32 i32"},
    Import{kMlKernels, "kernel-find-split", "i32 i32 i32 i32 i32 i32 i32 i32 i32 i32"},
    Import{kMlKernels, "kernel-average", "i32 i32 i32 i32 i32"},
    Import{kMlKernels, "kernel-matmul", "i32 i32 i32 i32 i32 f32 f32 i32 i32 i32 i32"},
    Import{kMlKernels, "kernel-elementwise", "i32 i32 i32 i32 i32 i32 i32"},
    Import{kMlKernels, "kernel-reduce", "i32 i32 i32 i32 i32"},
    Import{kMlKernels, "kernel-batch-predict", "i32 i32 i32 i32 i32 i32 i32 i32 i32"},
};

// Whether the bytes at $a and $b are the same; whether the text at $a holds that at $b.
constexpr std::string_view kHelpers = R"(
  (func $equal (param $a i32) (param $b i32) (param $size i32) (result i32)
    (loop $next
      (if (i32.eqz (local.get $size)) (then (return (i32.const 1))))
      (if (i32.ne (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b))) (then (return (i32.const 0))))
      (local.set $a (i32.add (local.get $a) (i32.const 1)))
      (local.set $b (i32.add (local.get $b) (i32.const 1)))
      (local.set $size (i32.sub (local.get $size) (i32.const 1)))
      (br $next))
    unreachable)
  (func $contains (param $a i32) (param $size i32) (param $b i32) (param $part i32) (result i32)
    (loop $next
      (if (i32.lt_u (local.get $size) (local.get $part)) (then (return (i32.const 0))))
      (if (call $equal (local.get $a) (local.get $b) (local.get $part)) (then (return (i32.const 1))))
      (local.set $a (i32.add (local.get $a) (i32.const 1)))
      (local.set $size (i32.sub (local.get $size) (i32.const 1)))
      (br $next))
    unreachable)
)";

constexpr std::size_t kMaxChecks = 125;  // exit codes of WASI

std::string constant(std::string_view type, const Argument& argument) {
  if (const auto* number = std::get_if<float>(&argument.value)) {
    return fmt::format("(f32.reinterpret_i32 (i32.const {:#x}))", std::bit_cast<std::uint32_t>(*number));
  }
  const std::uint64_t bits = std::get<std::uint64_t>(argument.value);
  return fmt::format("({}.const {})", type, type == "i32" ? std::uint64_t{static_cast<std::uint32_t>(bits)} : bits);
}

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("\\{:02x}", byte);
  return text;
}

}  // namespace

const char* const kBumpRealloc = R"(
  (global $heap (mut i32) (i32.const 0x8000))
  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $block i32)
    (local.set $block (i32.and (i32.add (global.get $heap) (i32.sub (local.get 2) (i32.const 1)))
                               (i32.sub (i32.const 0) (local.get 2))))
    (global.set $heap (i32.add (local.get $block) (local.get 3)))
    (local.get $block))
)";
static_assert(kHeap == 0x8000, "kBumpRealloc has it as text");

std::span<const Import> contract_imports() { return kImports; }

const Import& contract_import(std::string_view name) {
  const auto* found = std::ranges::find(kImports, name, &Import::name);
  if (found == kImports.end()) throw std::invalid_argument(std::string(name));
  return *found;
}

GuestModule& GuestModule::memory(std::string field) {
  memory_ = std::move(field);
  return *this;
}

GuestModule& GuestModule::realloc(std::string field) {
  realloc_ = std::move(field);
  return *this;
}

GuestModule& GuestModule::field(const std::string& text) {
  fields_ += text + "\n";
  return *this;
}

GuestModule& GuestModule::import(const std::string& text) {
  imports_ += text + "\n";
  return *this;
}

GuestModule& GuestModule::code(const std::string& instructions) {
  code_ += fmt::format("    {}\n", instructions);
  return *this;
}

GuestModule& GuestModule::call(std::string_view name, const Arguments& arguments) {
  return call_at(kResult, name, arguments);
}

GuestModule& GuestModule::call_at(std::uint32_t result, std::string_view name, const Arguments& arguments) {
  std::istringstream types{std::string(contract_import(name).parameters)};
  std::string type;
  std::string operands;
  for (const Argument& argument : arguments) {
    if (!(types >> type)) throw std::invalid_argument(fmt::format("{}: too many arguments", name));
    operands += fmt::format(" {}", constant(type, argument));
  }
  if (types >> type) operands += fmt::format(" (i32.const {})", result);
  if (types >> type) throw std::invalid_argument(fmt::format("{}: too few arguments", name));
  last_call_ = fmt::format("(call ${}{})", name, operands);
  code_ += fmt::format("    {}\n", last_call_);
  return *this;
}

GuestModule& GuestModule::settle() {
  return code(
      fmt::format("(if (i32.eqz (i32.load (i32.const {0}))) (then (call $sync) "
                  "(call $buffer-read (i32.const 1) (i64.const 0) (i32.const 0) (i32.const {0}))))",
                  kResult));
}

GuestModule& GuestModule::expect_ok() { return expect_word(kResult, 0); }

GuestModule& GuestModule::expect_error(GpuErrorCode error_code, std::string_view needle) {
  expect_word(kResult, 1);
  expect_word(kResult + 4, static_cast<std::uint32_t>(error_code));
  if (needle.empty()) return *this;
  return expect(fmt::format("(call $contains (i32.load (i32.const {})) (i32.load (i32.const {})) (i32.const {}) "
                            "(i32.const {}))",
                            kResult + 8, kResult + 12, data(needle), needle.size()),
                fmt::format("a message with '{}'", needle));
}

GuestModule& GuestModule::expect_bytes_at(std::uint32_t address, std::span<const std::uint8_t> bytes) {
  return expect(
      fmt::format("(call $equal (i32.const {}) (i32.const {}) (i32.const {}))", address, data(bytes), bytes.size()),
      fmt::format("{} bytes at {:#x} are {}", bytes.size(), address, hex(bytes.first(std::min(bytes.size(), 64ul)))));
}

GuestModule& GuestModule::expect_word(std::uint32_t address, std::uint32_t value) {
  return expect(fmt::format("(i32.eq (i32.load (i32.const {})) (i32.const {}))", address, value),
                fmt::format("the word at {:#x} is {}", address, value));
}

GuestModule& GuestModule::expect(const std::string& condition, const std::string& what) {
  checks_.push_back(fmt::format("{} after {}", what, last_call_));
  if (checks_.size() > kMaxChecks) throw std::length_error("a guest has more checks than exit codes");
  return code(fmt::format("(if (i32.eqz {}) (then (call $proc_exit (i32.const {}))))", condition, checks_.size()));
}

std::uint32_t GuestModule::buffer(std::uint64_t size) {
  call("buffer-create", {size, 0}).expect_ok().expect_word(kResult + 4, next_id_);
  return next_id_++;
}

GuestModule& GuestModule::write(std::uint32_t id, std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  return call("buffer-write", {id, offset, data(bytes), bytes.size()}).expect_ok();
}

GuestModule& GuestModule::expect_contents(std::uint32_t id, std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  call("buffer-read", {id, offset, bytes.size()})
      .expect_ok()
      .expect_word(kResult + 8, static_cast<std::uint32_t>(bytes.size()));
  return expect(fmt::format("(call $equal (i32.load (i32.const {})) (i32.const {}) (i32.const {}))", kResult + 4,
                            data(bytes), bytes.size()),
                fmt::format("buffer {} holds {} at {}", id, hex(bytes.first(std::min(bytes.size(), 64ul))), offset));
}

std::uint32_t GuestModule::data(std::span<const std::uint8_t> bytes) {
  const std::uint32_t address = next_data_;
  next_data_ += static_cast<std::uint32_t>(bytes.size() + 7) / 8 * 8;
  if (next_data_ > kHeap) throw std::length_error("the data of a guest reach into its heap");
  field(fmt::format("  (data (i32.const {}) \"{}\")", address, hex(bytes)));
  return address;
}

std::uint32_t GuestModule::data(std::string_view text) {
  return data(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::string GuestModule::text() const {
  std::string module = "(module\n" + imports_;
  for (const Import& import : kImports) {
    module += fmt::format("  (import \"{}\" \"{}\" (func ${} (param {})))\n", import.interface, import.name,
                          import.name, import.parameters);
  }
  module += "  (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $proc_exit (param i32)))\n";
  module += memory_.empty() ? std::string("  (memory (export \"memory\") 1)\n") : memory_;
  return module + realloc_ + std::string(kHelpers) + fields_ + "  (func (export \"_start\")\n" + code_ + "  ))\n";
}

std::string GuestModule::check_name(int exit_code) const {
  const auto number = static_cast<std::size_t>(exit_code);
  if (number < 1 || number > checks_.size()) return fmt::format("exit code {}", exit_code);
  return fmt::format("check {}: {}", exit_code, checks_[number - 1]);
}

}  // namespace gpu_host::hostile
