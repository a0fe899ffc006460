// The module's entry point: parse, run, say what went wrong.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string_view>
#include <variant>
#include <vector>

#include "commands.hpp"
#include "options.hpp"

namespace wasm_ml {

Result<void> run(const HelpCommand& /*command*/) {
  const std::string_view text = usage();
  std::fwrite(text.data(), 1, text.size(), stdout);
  return {};
}

Result<void> run(const VersionCommand& /*command*/) {
  std::puts("wasm_ml " WASM_ML_VERSION);
  return {};
}

namespace {

// Without exceptions, operator new has no other way to say it.
[[noreturn]] void fail_out_of_memory() {
  std::fputs("wasm_ml: error: out of memory\n", stderr);
  std::_Exit(kExitFailure);
}

int report(const Error& error) {
  std::fprintf(stderr, "wasm_ml: error: %s\n", error.message.c_str());
  if (error.exit_code == kExitUsage) std::fputs("wasm_ml: see wasm_ml --help\n", stderr);
  return error.exit_code;
}

int run_program(const std::vector<std::string_view>& arguments) {
  const auto command = parse_command(arguments);
  if (!command) return report(command.error());
  const auto done = std::visit([](const auto& chosen) { return run(chosen); }, *command);
  if (!done) return report(done.error());
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return report({.message = "cannot write to standard output"});
  }
  return 0;
}

}  // namespace
}  // namespace wasm_ml

int main(int argc, char** argv) {
  std::set_new_handler(wasm_ml::fail_out_of_memory);
  const std::vector<std::string_view> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return wasm_ml::run_program(arguments);
}
