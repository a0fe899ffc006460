// Fixtures of the guests that use the device: each test runs on every backend that
// this machine has.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "common/backends.hpp"
#include "common/require_backend.hpp"
#include "hostile/run_guest.hpp"

namespace gpu_host::hostile {

using test::backend_names;
using test::backend_test_name;

class OnBackend : public testing::Test {
 protected:
  // For SetUp. Skips the test where the backend cannot be used, or fails it where
  // WGH_REQUIRE_BACKENDS has it.
  void use(const std::string& backend) {
    backend_ = backend;
    const auto& [device, reason] = test::usable_device(backend);
    if (device == nullptr) test::skip_without(backend, reason);
  }

  [[nodiscard]] const std::string& backend() const { return backend_; }
  [[nodiscard]] InstanceOptions options() const { return options_of(backend_); }

  // As the functions of run_guest.hpp.
  [[nodiscard]] Result<int> run(const GuestModule& guest) const { return hostile::run(guest, options()); }
  [[nodiscard]] testing::AssertionResult passes(const GuestModule& guest) const { return passes(guest, options()); }
  [[nodiscard]] testing::AssertionResult traps(const GuestModule& guest, std::string_view text) const {
    return traps(guest, text, options());
  }
  [[nodiscard]] static Result<int> run(const GuestModule& guest, const InstanceOptions& options) {
    return hostile::run(guest, options);
  }
  [[nodiscard]] static testing::AssertionResult passes(const GuestModule& guest, const InstanceOptions& options) {
    return hostile::passes(guest, options);
  }
  [[nodiscard]] static testing::AssertionResult traps(const GuestModule& guest, std::string_view text,
                                                      const InstanceOptions& options) {
    return hostile::traps(guest, text, options);
  }

 private:
  std::string backend_;
};

// The parameter: a backend's name.
class OnEachBackend : public OnBackend, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override { use(GetParam()); }
};

}  // namespace gpu_host::hostile
