#include "cli/compile_command.hpp"

#include "cli/cli.hpp"
#include "cli/load.hpp"
#include "cli/messages.hpp"
#include "cli/write_file.hpp"

namespace gpu_host::cli {

int compile(const CompileCommand& command) {
  const auto module = load(command.engine, command.module);
  if (!module) return fail(module.error());
  const auto code = module->serialize();
  if (!code) return fail(code.error());
  const auto written = write_file(command.output, *code);
  return written ? kSuccess : fail(written.error());
}

}  // namespace gpu_host::cli
