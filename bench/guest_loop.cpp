#include "guest_loop.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

namespace gpu_host::bench {
namespace {

constexpr std::uint32_t kPage = 65536;
constexpr std::uint32_t kResult = 0x400;

struct TypeOf {
  const char* operator()(std::uint32_t) const { return "i32"; }
  const char* operator()(std::uint64_t) const { return "i64"; }
  const char* operator()(float) const { return "f32"; }
};

struct ConstantOf {
  std::string operator()(std::uint32_t value) const { return fmt::format("(i32.const {})", value); }
  std::string operator()(std::uint64_t value) const { return fmt::format("(i64.const {})", value); }
  std::string operator()(float value) const {
    return fmt::format("(f32.reinterpret_i32 (i32.const {}))", std::bit_cast<std::uint32_t>(value));
  }
};

template <class T>
T value_of(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void call_ok(Instance& instance, const char* function, std::span<const Value> arguments) {
  const auto results = value_of(instance.call(function, arguments));
  if (results != std::vector<Value>{std::int32_t{0}}) throw std::runtime_error("a call of wasi:gpu returned an error");
}

Instance instantiate(const std::string& text, const DeviceChoice& device, MatmulPrecision precision) {
  static const Host host = value_of(Host::create({}));
  const Module module = value_of(host.load(std::as_bytes(std::span(text)), "loop"));
  InstanceOptions options;
  options.args = {"loop"};
  options.device = device;
  options.matmul_precision = precision;
  return value_of(Instance::create(module, options));
}

}  // namespace

std::string loop_text(std::span<const Call> calls, std::uint32_t block_bytes) {
  std::string imports;
  std::string body;
  for (const Call& call : calls) {
    const std::string name = fmt::format("$function{}", &call - calls.data());
    std::string types;
    std::string operands;
    for (const Argument& argument : call.arguments) {
      types += fmt::format(" {}", std::visit(TypeOf{}, argument));
      operands += fmt::format(" {}", std::visit(ConstantOf{}, argument));
    }
    if (call.has_result) {
      types += " i32";
      operands += fmt::format(" (i32.const {})", kResult);
    }
    imports +=
        fmt::format("  (import \"{}\" \"{}\" (func {} (param{})))\n", call.interface, call.function, name, types);
    body += fmt::format("      (call {}{})\n", name, operands);
    if (call.has_result) {
      body +=
          fmt::format("      (local.set $failed (i32.or (local.get $failed) (i32.load (i32.const {}))))\n", kResult);
    }
  }
  return fmt::format(R"((module
  (import "{compute}" "buffer-create" (func $buffer_create (param i64 i32 i32)))
  (import "{compute}" "buffer-write" (func $buffer_write (param i32 i64 i32 i32 i32)))
  (import "{compute}" "sync" (func $sync))
{imports}
  (memory (export "memory") {pages})
  (func $fill (memory.fill (i32.const {block}) (i32.const 1) (i32.const {bytes})))
  (start $fill)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const {block}))
  (func (export "create") (param $bytes i64) (result i32)
    (call $buffer_create (local.get $bytes) (i32.const 0) (i32.const {result}))
    (i32.load (i32.const {result})))
  (func (export "write") (param $buffer i32) (param $offset i64) (param $bytes i32) (result i32)
    (call $buffer_write (local.get $buffer) (local.get $offset) (i32.const {block}) (local.get $bytes) (i32.const {result}))
    (i32.load (i32.const {result})))
  (func (export "set") (param $offset i32) (param $value i64)
    (i64.store (i32.add (i32.const {block}) (local.get $offset)) (local.get $value)))
  (func (export "sync") (call $sync))
  (func (export "run") (param $count i32) (result i32) (local $failed i32)
    (loop $again
{body}
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $failed)))
)",
                     fmt::arg("compute", kCompute), fmt::arg("imports", imports), fmt::arg("body", body),
                     fmt::arg("pages", kBlock / kPage + block_bytes / kPage + 1), fmt::arg("block", kBlock),
                     fmt::arg("bytes", block_bytes), fmt::arg("result", kResult));
}

GuestLoop::GuestLoop(const DeviceChoice& device, std::span<const Call> calls, std::uint32_t block_bytes,
                     MatmulPrecision precision)
    : instance_(instantiate(loop_text(calls, block_bytes), device, precision)) {}

void GuestLoop::share(std::span<std::byte> bytes, std::shared_ptr<const void> owner) {
  if (value_of(instance_.share(bytes, std::move(owner))) != ++last_buffer_) throw std::runtime_error("unexpected id");
}

void GuestLoop::create(std::uint64_t bytes) {
  const Value size = static_cast<std::int64_t>(bytes);
  call_ok(instance_, "create", {&size, 1});
  ++last_buffer_;
}

void GuestLoop::create(std::span<const std::byte> bytes, std::uint32_t copies) {
  create(std::uint64_t{bytes.size()} * copies);
  set_block(0, bytes);
  const auto size = static_cast<std::int32_t>(bytes.size());
  for (std::int64_t copy = 0; copy < copies; ++copy) {
    const Value arguments[] = {static_cast<std::int32_t>(last_buffer_), copy * size, size};
    call_ok(instance_, "write", arguments);
  }
  sync();
}

void GuestLoop::set_block(std::uint32_t offset, std::span<const std::byte> bytes) {
  for (; !bytes.empty(); bytes = bytes.subspan(sizeof(std::int64_t))) {
    std::int64_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof(value));
    const Value arguments[] = {static_cast<std::int32_t>(offset), value};
    value_of(instance_.call("set", arguments));
    offset += sizeof(value);
  }
}

void GuestLoop::run(std::int64_t count) {
  if (count < 1 || count > std::numeric_limits<std::int32_t>::max()) throw std::invalid_argument("count");
  const Value argument = static_cast<std::int32_t>(count);
  call_ok(instance_, "run", {&argument, 1});
}

void GuestLoop::sync() { value_of(instance_.call("sync")); }

void GuestLoop::read(BufferId buffer, std::span<std::byte> to) { value_of(instance_.read_buffer(buffer, 0, to)); }

Operation operation_of(std::shared_ptr<GuestLoop> loop) {
  loop->run(1);  // says at once what is wrong
  loop->sync();
  return [loop = std::move(loop)](std::int64_t count) {
    return seconds_of([&] {
      loop->run(count);
      loop->sync();
    });
  };
}

}  // namespace gpu_host::bench
