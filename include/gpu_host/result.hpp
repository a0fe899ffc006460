// Errors of the library, as values. The library never prints and never exits.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace gpu_host {

enum class ErrorKind : std::uint8_t {
  invalid_argument,  // an option makes no sense, such as an unknown backend
  not_found,         // a file, folder or device is not there
  invalid_module,    // not WebAssembly, not valid, or a component
  link,              // the module imports what the host does not have
  device,            // the chosen backend or device cannot be used
  trap,              // the guest trapped
  limit,             // the guest met one of its limits (time, fuel) or was interrupted
  exit,              // the guest exited where a function was called
  internal,          // anything else, such as what WASI refuses; the text tells
};

struct Error {
  ErrorKind kind;
  std::string message;  // names the culprit; for people
  int exit_code = 0;    // of ErrorKind::exit
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> error(ErrorKind kind, std::string message) {
  return std::unexpected(Error{kind, std::move(message)});
}

[[nodiscard]] inline std::unexpected<Error> invalid_argument(std::string message) {
  return error(ErrorKind::invalid_argument, std::move(message));
}

}  // namespace gpu_host
