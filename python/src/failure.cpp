#include "failure.hpp"

namespace gpu_host_python {
namespace {

FailureKind kind_of(gpu_host::ErrorKind kind) {
  switch (kind) {
    case gpu_host::ErrorKind::invalid_argument:
    case gpu_host::ErrorKind::invalid_module:
      return FailureKind::value;
    case gpu_host::ErrorKind::not_found:
      return FailureKind::not_found;
    case gpu_host::ErrorKind::device:
      return FailureKind::device;
    case gpu_host::ErrorKind::trap:
      return FailureKind::trap;
    case gpu_host::ErrorKind::limit:
      return FailureKind::limit;
    case gpu_host::ErrorKind::link:
    case gpu_host::ErrorKind::exit:
    case gpu_host::ErrorKind::internal:
      break;
  }
  return FailureKind::other;
}

}  // namespace

Failure::Failure(const gpu_host::Error& error) : kind_(kind_of(error.kind)), message_(error.message) {}

Failure failure_of_module(std::string message) {
  // "what was done: what kind of error: …", or a text that says what is wrong with what was given.
  const auto has = [&](std::string_view kind) { return message.find(kind) != std::string::npos; };
  if (has(": out of memory") || has("does not fit the module's memory")) {
    return {FailureKind::memory, std::move(message)};
  }
  if (has(": device unavailable")) {
    if (message.ends_with(": device unavailable")) message += ": it does not keep forests itself; take backend='cpu'";
    return {FailureKind::device, std::move(message)};
  }
  if (has(": kernel error")) return {FailureKind::other, std::move(message)};
  return {FailureKind::value, std::move(message)};
}

}  // namespace gpu_host_python
