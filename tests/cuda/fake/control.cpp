// The settings and the faults: by fake_cuda_control() and by the environment:
//   FAKE_CUDA_MEMORY, FAKE_CUDA_DEVICES, FAKE_CUDA_DRIVER_VERSION, FAKE_CUDA_INIT, FAKE_CUDA_CAPABILITY,
//   FAKE_CUDA_SLOW      numbers, as in Settings
//   FAKE_CUDA_FAIL      function:error:n or function:error:n:for-good, as fail()
//   FAKE_CUDA_FAULT     n or n:lost, as fault()
#include <cstdlib>
#include <sstream>

#include "driver.hpp"
#include "emulation.hpp"

namespace fake_cuda {
namespace {

template <class T>
void take(const char* name, T& value) {
  if (const char* const text = std::getenv(name); text != nullptr) {
    value = static_cast<T>(std::strtoull(text, nullptr, 10));
  }
}

std::vector<std::string> parts_of(const char* variable) {
  std::vector<std::string> parts;
  const char* const text = std::getenv(variable);
  std::istringstream words(text == nullptr ? "" : text);
  for (std::string word; std::getline(words, word, ':');) parts.push_back(word);
  return parts;
}

std::uint32_t number(const std::string& text) {
  return static_cast<std::uint32_t>(std::strtoul(text.c_str(), nullptr, 10));
}

const Settings& settings() { return driver().settings; }

void configure(const Settings& settings) {
  const std::lock_guard lock(driver().mutex);
  driver().settings = settings;
}

void fail(const char* function, CUresult error, std::uint32_t nth, bool for_good) {
  const std::lock_guard lock(driver().mutex);
  driver().failures[function] = {error, nth, for_good};
}

void fault(std::uint32_t nth, bool device_is_lost) {
  const std::lock_guard lock(driver().mutex);
  driver().faulty_launch = driver().launches + nth;
  driver().fault_loses_device = device_is_lost;
}

void take_environment() {
  Driver& state = driver();
  take("FAKE_CUDA_MEMORY", state.settings.memory);
  take("FAKE_CUDA_DEVICES", state.settings.devices);
  take("FAKE_CUDA_DRIVER_VERSION", state.settings.driver_version);
  take("FAKE_CUDA_INIT", state.settings.init);
  take("FAKE_CUDA_CAPABILITY", state.settings.capability);
  take("FAKE_CUDA_COMPUTE_MODE", state.settings.compute_mode);
  take("FAKE_CUDA_POOLS", state.settings.pools);
  take("FAKE_CUDA_SLOW", state.settings.slow);
  if (const auto parts = parts_of("FAKE_CUDA_FAIL"); parts.size() >= 3) {
    fail(parts[0].c_str(), static_cast<CUresult>(number(parts[1])), number(parts[2]), parts.size() > 3);
  }
  if (const auto parts = parts_of("FAKE_CUDA_FAULT"); !parts.empty()) fault(number(parts[0]), parts.size() > 1);
}

void heal() {
  {
    const std::lock_guard lock(driver().mutex);
    Driver& state = driver();
    state.settings = {};
    state.failures.clear();
    state.faulty_launch = 0;
    state.lost_devices.clear();
  }
  take_environment();
}

Live live() {
  const std::lock_guard lock(driver().mutex);
  const Driver& state = driver();
  Live live{state.contexts.size(), state.modules.size(), state.pools.size(),  state.streams.size(),
            state.events.size(),   state.pinned.size(),  state.memory.size(), 0,
            state.misuses};
  for (const auto& [address, allocation] : state.memory) live.bytes += allocation.size;
  return live;
}

const bool kEnvironmentIsTaken = (take_environment(), true);

}  // namespace

// As long as the process: what ends at its exit may still give things back.
Driver& driver() {
  static auto* const state = new Driver;
  return *state;
}

RegisteredKernel::RegisteredKernel(const Kernel& kernel) { driver().kernels[kernel.name] = new Kernel(kernel); }

extern "C" __attribute__((visibility("default"))) const Control* fake_cuda_control() {
  static constexpr Control kControl{settings, configure, fail, fault, heal, live};
  return kEnvironmentIsTaken ? &kControl : nullptr;
}

}  // namespace fake_cuda
