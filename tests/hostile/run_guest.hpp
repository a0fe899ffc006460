// Running guests in this process. What has nothing to do with a device runs on the cpu
// backend; on_each_backend.hpp has the fixture of the rest.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "gpu_host/instance.hpp"
#include "hostile/guest_module.hpp"

namespace gpu_host::hostile {

// One host for all guests, which may have timeouts.
[[nodiscard]] const Host& shared_host();

// This backend and nothing inherited.
[[nodiscard]] InstanceOptions options_of(const std::string& backend);
[[nodiscard]] inline InstanceOptions cpu_options() { return options_of("cpu"); }
[[nodiscard]] inline InstanceOptions with_memory(std::uint64_t bytes) {
  InstanceOptions options = cpu_options();
  options.limits.gpu_memory = bytes;
  return options;
}

// What comes of a module from load to exit.
[[nodiscard]] Result<int> run_text(const std::string& text, const InstanceOptions& options = cpu_options());
[[nodiscard]] Result<int> run(const GuestModule& guest, const InstanceOptions& options = cpu_options());

// All checks of the guest hold.
[[nodiscard]] testing::AssertionResult passes(const GuestModule& guest, const InstanceOptions& options = cpu_options());

// The result is an error of this kind, with this text in its message.
[[nodiscard]] testing::AssertionResult is_error(const Result<int>& result, ErrorKind kind, std::string_view text);
[[nodiscard]] inline testing::AssertionResult traps(const GuestModule& guest, std::string_view text,
                                                    const InstanceOptions& options = cpu_options()) {
  return is_error(run(guest, options), ErrorKind::trap, text);
}

[[nodiscard]] testing::AssertionResult exits(const Result<int>& result, int exit_code);

}  // namespace gpu_host::hostile
