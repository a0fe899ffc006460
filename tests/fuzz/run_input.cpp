#include "fuzz/run_input.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include "fuzz/check.hpp"
#include "fuzz/guest.hpp"
#include "fuzz/interpreter.hpp"
#include "fuzz/side_by_side.hpp"

namespace gpu_host::fuzz {
namespace {

constexpr Quotas kQuotas{.bytes = 1 << 20, .buffers = 12};
// Of time that passes the same call may or may not run out.
constexpr std::optional<std::chrono::nanoseconds> kNoLimit;
constexpr std::optional<std::chrono::nanoseconds> kGpuTime = std::chrono::milliseconds(200);

// One compiler and one module for all inputs.
const Module& guest_module() {
  static const Module module = [] {
    const auto host = Host::create({.interruptible = true});
    check(host.has_value(), "no host");
    const std::string text = guest_text();
    auto loaded = host->load(std::as_bytes(std::span(text)), "guest");
    check(loaded.has_value(), "the guest: {}", loaded ? "" : loaded.error().message);
    return *std::move(loaded);
  }();
  return module;
}

Interpreter interpreter(ByteReader& bytes, const std::string& backend,
                        std::optional<std::chrono::nanoseconds> gpu_time) {
  InstanceOptions options;
  options.inherit_stdio = false;
  options.device.backend = backend;
  options.cpu_threads = 1;
  options.gpu_abi = bytes.u8() % 2 == 0 ? GpuAbi::canonical : GpuAbi::legacy;
  options.limits.gpu_memory = kQuotas.bytes;
  options.limits.gpu_buffers = kQuotas.buffers;
  options.limits.guest_memory = std::uint64_t{kMaxPages} * kPage;
  options.limits.gpu_time = gpu_time;
  auto instance = Instance::create(guest_module(), options);
  check(instance.has_value(), "no instance: {}", instance ? "" : instance.error().message);
  return {*std::move(instance), options.gpu_abi, kQuotas};
}

}  // namespace

void run_input(std::span<const std::uint8_t> input, const std::string& backend) {
  ByteReader bytes(input);
  interpreter(bytes, backend, kGpuTime).run(bytes);
}

void run_input_on_both(std::span<const std::uint8_t> input, const std::string& backend) {
  ByteReader bytes(input);
  ByteReader same(input);
  Interpreter cpu = interpreter(bytes, "cpu", kNoLimit);
  Interpreter other = interpreter(same, backend, kNoLimit);
  run_side_by_side(cpu, other, bytes);
}

}  // namespace gpu_host::fuzz
