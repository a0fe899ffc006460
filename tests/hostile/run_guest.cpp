#include "hostile/run_guest.hpp"

#include <span>

namespace gpu_host::hostile {

using testing::AssertionFailure;
using testing::AssertionResult;
using testing::AssertionSuccess;

const Host& shared_host() {
  static const Host host = *Host::create({.interruptible = true});
  return host;
}

InstanceOptions options_of(const std::string& backend) {
  InstanceOptions options;
  options.args = {"guest"};
  options.inherit_stdio = false;
  options.device.backend = backend;
  return options;
}

Result<int> run_text(const std::string& text, const InstanceOptions& options) {
  const auto module = shared_host().load(std::as_bytes(std::span(text)), "guest");
  if (!module) return std::unexpected(module.error());
  auto instance = Instance::create(*module, options);
  if (!instance) return std::unexpected(instance.error());
  return instance->run();
}

Result<int> run(const GuestModule& guest, const InstanceOptions& options) { return run_text(guest.text(), options); }

AssertionResult passes(const GuestModule& guest, const InstanceOptions& options) {
  const auto result = run(guest, options);
  if (!result) {
    return AssertionFailure() << "error of kind " << static_cast<int>(result.error().kind) << ": "
                              << result.error().message;
  }
  if (*result != 0) return AssertionFailure() << guest.check_name(*result);
  return AssertionSuccess();
}

AssertionResult is_error(const Result<int>& result, ErrorKind kind, std::string_view text) {
  if (result) return AssertionFailure() << "exit code " << *result;
  const bool same = result.error().kind == kind && result.error().message.find(text) != std::string::npos;
  return (same ? AssertionSuccess() : AssertionFailure())
         << "error of kind " << static_cast<int>(result.error().kind) << ": " << result.error().message;
}

AssertionResult exits(const Result<int>& result, int exit_code) {
  if (!result) return AssertionFailure() << result.error().message;
  return (*result == exit_code ? AssertionSuccess() : AssertionFailure()) << "exit code " << *result;
}

}  // namespace gpu_host::hostile
