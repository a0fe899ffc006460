#include "cli/print_and_exit.hpp"

#include <fmt/format.h>

#include "cli/cli.hpp"

namespace gpu_host::cli {

PrintAndExit usage_error(std::string_view what) {
  return {fmt::format("{}: error: {}\nTry '{} --help'.\n", kProgram, what, kProgram), kUsageError};
}

}  // namespace gpu_host::cli
