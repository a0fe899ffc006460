#include "fuzz/run_input.hpp"

#include <chrono>
#include <utility>

#include "fuzz/check.hpp"
#include "fuzz/guest.hpp"
#include "fuzz/interpreter.hpp"

namespace gpu_host::fuzz {
namespace {

constexpr Quotas kQuotas{.bytes = 1 << 20, .buffers = 12};

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

}  // namespace

void run_input(std::span<const std::uint8_t> input, const std::string& backend) {
  ByteReader bytes(input);
  InstanceOptions options;
  options.inherit_stdio = false;
  options.device.backend = backend;
  options.cpu_threads = 1;
  options.gpu_abi = bytes.u8() % 2 == 0 ? GpuAbi::canonical : GpuAbi::legacy;
  options.limits.gpu_memory = kQuotas.bytes;
  options.limits.gpu_buffers = kQuotas.buffers;
  options.limits.guest_memory = std::uint64_t{kMaxPages} * kPage;
  options.limits.gpu_time = std::chrono::milliseconds(200);
  auto instance = Instance::create(guest_module(), options);
  check(instance.has_value(), "no instance: {}", instance ? "" : instance.error().message);
  Interpreter(*std::move(instance), options.gpu_abi, kQuotas).run(bytes);
}

}  // namespace gpu_host::fuzz
