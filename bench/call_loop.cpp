#include "call_loop.hpp"

#include <fmt/format.h>

#include <bit>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>

#include "gpu_host/instance.hpp"

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
  return std::move(*result);
}

void call_ok(Instance& instance, const char* function, std::span<const Value> arguments) {
  const auto results = value_of(instance.call(function, arguments));
  if (results != std::vector<Value>{std::int32_t{0}}) throw std::runtime_error("a call of wasi:gpu returned an error");
}

std::shared_ptr<Instance> instantiate(const std::string& text) {
  static const Host host = value_of(Host::create({}));
  const Module module = value_of(host.load(std::as_bytes(std::span(text)), "loop"));
  InstanceOptions options;
  options.args = {"loop"};
  options.device.backend = "cpu";
  return std::make_shared<Instance>(value_of(Instance::create(module, options)));
}

Operation loop_of(std::shared_ptr<Instance> instance) {
  Operation run = [instance = std::move(instance)](std::int64_t count) {
    if (count < 1 || count > std::numeric_limits<std::int32_t>::max()) throw std::invalid_argument("count");
    const Value argument = static_cast<std::int32_t>(count);
    return seconds_of([&] { call_ok(*instance, "run", {&argument, 1}); });
  };
  run(1);  // says at once what is wrong
  return run;
}

}  // namespace

std::string loop_text(const Call& call, std::uint32_t block_bytes) {
  std::string types;
  std::string operands;
  for (const Argument& argument : call.arguments) {
    types += fmt::format(" {}", std::visit(TypeOf{}, argument));
    operands += fmt::format(" {}", std::visit(ConstantOf{}, argument));
  }
  std::string check;
  if (call.has_result) {
    types += " i32";
    operands += fmt::format(" (i32.const {})", kResult);
    check = fmt::format("(local.set $failed (i32.or (local.get $failed) (i32.load (i32.const {}))))", kResult);
  }
  return fmt::format(R"((module
  (import "{compute}" "buffer-create" (func $buffer_create (param i64 i32 i32)))
  (import "{interface}" "{function}" (func $function (param{types})))
  (memory (export "memory") {pages})
  (func $fill (memory.fill (i32.const {block}) (i32.const 1) (i32.const {bytes})))
  (start $fill)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const {block}))
  (func (export "create") (result i32)
    (call $buffer_create (i64.const {bytes}) (i32.const 0) (i32.const {result}))
    (i32.load (i32.const {result})))
  (func (export "run") (param $count i32) (result i32) (local $failed i32)
    (loop $again
      (call $function{operands})
      {check}
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $failed)))
)",
                     fmt::arg("compute", kCompute), fmt::arg("interface", call.interface),
                     fmt::arg("function", call.function), fmt::arg("types", types), fmt::arg("operands", operands),
                     fmt::arg("check", check), fmt::arg("pages", kBlock / kPage + block_bytes / kPage + 1),
                     fmt::arg("block", kBlock), fmt::arg("bytes", block_bytes), fmt::arg("result", kResult));
}

Operation call_loop(const Call& call, const std::vector<SharedArray>& buffers) {
  auto instance = instantiate(loop_text(call, 0));
  std::uint32_t expected = 0;
  for (const SharedArray& array : buffers) {
    if (value_of(instance->share(array.bytes, array.owner)) != ++expected) throw std::runtime_error("unexpected id");
  }
  return loop_of(std::move(instance));
}

Operation call_loop_with_block(const Call& call, std::uint32_t bytes) {
  auto instance = instantiate(loop_text(call, bytes));
  call_ok(*instance, "create", {});
  return loop_of(std::move(instance));
}

}  // namespace gpu_host::bench
