#include "cli/parse_compile.hpp"

#include <fmt/format.h>

#include <memory>

#include "cli/app.hpp"

namespace gpu_host::cli {

Command parse_compile(const std::vector<std::string>& arguments) {
  CompileCommand command;
  Settings settings;
  std::string output;
  CLI::App app(
      "Compiles a module to a .cwasm file, for `run --allow-precompiled`. Whether it is\n"
      "compiled with -W fuel and with -W timeout must be as it is run (their values may\n"
      "differ), and so must -O opt-level. --profile guest needs -W timeout here.\n",
      fmt::format("{} compile", kProgram));
  app.formatter(std::make_shared<HelpFormatter>("compile [OPTIONS] MODULE"));
  app.add_option("MODULE", command.module, "A .wasm or .wat file, or - for standard input")->type_name("");
  app.add_option("-o,--output", output, "Default: MODULE's name with .cwasm, in the current folder")
      ->type_name("FILE")
      ->check(not_empty);
  const GroupArguments groups(app, engine_groups(settings));
  add_logging(app, command.logging);

  if (auto printed = parse_with(app, arguments)) return *std::move(printed);
  if (auto printed = groups.apply()) return *std::move(printed);
  if (command.module.empty()) return usage_error("no MODULE given");
  if (output.empty() && command.module == "-") return usage_error("-o must name the output for standard input");
  command.output = output.empty() ? std::filesystem::path(command.module).stem().concat(".cwasm").string() : output;
  command.engine = settings.engine();
  return command;
}

}  // namespace gpu_host::cli
