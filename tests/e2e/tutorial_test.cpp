// docs/tutorial.md does what it says: the commands of its blocks of `console` are run in their order, in one shell, in
// a folder that has of the repository what the tutorial needs. What they print is compared with what stands below them,
// where … stands for anything.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "e2e/wasm_ml.hpp"

namespace gpu_host::e2e {
namespace {

constexpr std::string_view kEnd = "--- end of command ";

struct Command {
  std::string text;
  std::string output;  // with …
};

std::vector<Command> commands_of(const std::string& markdown) {
  std::vector<Command> commands;
  bool in_block = false;
  bool goes_on = false;     // the command, in the next line
  std::string end_of_here;  // the line that ends a here-document
  for (const std::string& line : lines_of(markdown)) {
    if (!in_block) {
      in_block = line == "```console";
    } else if (!end_of_here.empty() || goes_on) {
      commands.back().text += "\n" + line;
      if (line == end_of_here) end_of_here.clear();
      goes_on = line.ends_with('\\');
    } else if (line == "```") {
      in_block = false;
    } else if (line.starts_with("$ ")) {
      commands.push_back({.text = line.substr(2), .output = {}});
      goes_on = line.ends_with('\\');
      const std::size_t here = line.find("<<");
      if (here != std::string::npos) end_of_here = line.substr(here + 2);
    } else if (!commands.empty()) {
      commands.back().output += line + "\n";
    }
  }
  return commands;
}

// What `commands` are run by: each is followed by a line with its exit code.
std::string script_of(const std::vector<Command>& commands) {
  std::string script = "exec 2>&1\n";
  for (const Command& command : commands) {
    script += command.text + "\necho \"" + std::string(kEnd) + "$?\"\n";
  }
  return script;
}

bool matches(std::string_view text, std::string_view pattern) {
  constexpr std::string_view kAnything = "…";
  const std::size_t at = pattern.find(kAnything);
  if (at == std::string_view::npos) return text == pattern;
  if (text.substr(0, at) != pattern.substr(0, at)) return false;
  pattern.remove_prefix(at + kAnything.size());
  for (std::size_t begin = at; begin <= text.size(); ++begin) {
    if (matches(text.substr(begin), pattern)) return true;
  }
  return false;
}

TEST(Tutorial, OutputsAreCompared) {
  EXPECT_TRUE(matches("in 1.5 ms (cpu)\n", "in … ms (cpu)\n"));
  EXPECT_FALSE(matches("in 1.5 ms (gpu)\n", "in … ms (cpu)\n"));
  EXPECT_FALSE(matches("in 1.5 ms (cpu)\nmore\n", "in … ms (cpu)\n"));
  EXPECT_TRUE(matches("a\nb\nc\n", "a\n…"));
  const auto commands = commands_of("```sh\n$ no\n```\n```console\n$ a \\\n  b\nout\n$ cat <<END\n$ in\nEND\n```\n");
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_EQ(commands[0].text, "a \\\n  b");
  EXPECT_EQ(commands[0].output, "out\n");
  EXPECT_EQ(commands[1].text, "cat <<END\n$ in\nEND");
}

TEST(Tutorial, DoesWhatItSays) {
  const std::vector<Command> commands = commands_of(read_file(WGH_SOURCE_DIR "/docs/tutorial.md"));
  ASSERT_GT(commands.size(), 10U);
  const TempFolder folder;
  const std::filesystem::path build = folder.path() / "build/release";
  std::filesystem::create_directories(build);
  std::filesystem::create_symlink(WGH_PROGRAM, build / "wasmtime-gpu-host");
  std::filesystem::create_symlink(WGH_WASM_ML, build / "wasm_ml.wasm");
  for (const char* const name : {"data", "tests"}) {
    std::filesystem::create_directory_symlink(std::filesystem::path(WGH_SOURCE_DIR) / name, folder.path() / name);
  }
  const Outcome outcome =
      run_process({"/bin/sh", "-s"}, {.input = script_of(commands),
                                      .env = {{"XDG_CACHE_HOME", WGH_CACHE_DIR}, {"XDG_RUNTIME_DIR", WGH_CACHE_DIR}},
                                      .folder = folder.path().string()});
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  std::string_view printed = outcome.out;
  for (const Command& command : commands) {
    const std::size_t end = printed.find(kEnd);
    ASSERT_NE(end, std::string_view::npos) << command.text << "\nis not there in\n" << outcome.out;
    const std::string_view output = printed.substr(0, end);
    const std::string_view exit_code = printed.substr(end + kEnd.size(), printed.find('\n', end) - end - kEnd.size());
    printed.remove_prefix(printed.find('\n', end) + 1);
    EXPECT_TRUE(matches(output, command.output)) << "$ " << command.text << "\n"
                                                 << output << "but the tutorial says\n"
                                                 << command.output;
    const bool is_to_fail = command.output.find("error: ") != std::string::npos;
    EXPECT_EQ(exit_code != "0", is_to_fail) << "$ " << command.text << "\n" << output;
  }
}

}  // namespace
}  // namespace gpu_host::e2e
