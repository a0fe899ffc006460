#include "process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace gpu_host::bench {
namespace {

struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    for (const int end : ends) {
      if (end >= 0) close(end);
    }
  }
  std::FILE* take(std::size_t end, const char* mode) { return fdopen(std::exchange(ends[end], -1), mode); }
  std::array<int, 2> ends{-1, -1};  // to read, to write
};

}  // namespace

Process::Process(std::vector<std::string> command) : name_(command.front()) {
  Pipe input;
  Pipe output;
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.ends[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.ends[1], STDOUT_FILENO);
  const int failed = posix_spawn(&id_, name_.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    id_ = -1;
    throw std::system_error(failed, std::generic_category(), name_);
  }
  input_.reset(input.take(1, "w"));
  output_.reset(output.take(0, "r"));
}

Process::~Process() {
  if (id_ < 0) return;
  kill(id_, SIGKILL);
  waitpid(id_, nullptr, 0);
}

std::string Process::ask(const std::string& line) {
  std::fprintf(input_.get(), "%s\n", line.c_str());
  std::fflush(input_.get());
  std::string answer;
  int c = 0;
  while ((c = std::fgetc(output_.get())) != EOF && c != '\n') answer += static_cast<char>(c);
  if (c == EOF) throw std::runtime_error(name_ + " ended");
  return answer;
}

std::string Process::finish() {
  input_.reset();
  std::string text;
  std::array<char, 4096> block{};
  while (const std::size_t count = std::fread(block.data(), 1, block.size(), output_.get())) {
    text.append(block.data(), count);
  }
  int status = 0;
  waitpid(std::exchange(id_, -1), &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error(name_ + " failed");
  return text;
}

std::string beside(const char* path) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / path).string();
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "wgh-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace gpu_host::bench
