#include "e2e/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>

namespace gpu_host::e2e {
namespace {

using Clock = std::chrono::steady_clock;

// Both ends close with it; children inherit neither, but for what is dup'ed.
struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_end(std::size_t end) {
    if (ends[end] >= 0) close(ends[end]);
    ends[end] = -1;
  }
  std::array<int, 2> ends{-1, -1};  // to read, to write
};

// What would change the program's behaviour behind a test's back is left out.
std::vector<std::string> environment_of(const ProcessOptions& options) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::string_view name = text.substr(0, text.find('='));
    if (name == "RUST_LOG" || name == "WASMTIME_GPU_HOST_BACKEND") continue;
    if (std::ranges::none_of(options.env, [&](const auto& given) { return given.first == name; })) {
      variables.emplace_back(text);
    }
  }
  for (const auto& [name, value] : options.env) variables.emplace_back(name).append("=").append(value);
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

pid_t spawn(std::vector<std::string> command, std::vector<std::string> environment, const std::string& folder,
            const std::array<int, 3>& stdio) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int fd = 0; fd < 3; ++fd) posix_spawn_file_actions_adddup2(&actions, stdio[static_cast<std::size_t>(fd)], fd);
  if (!folder.empty()) posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, command.front().c_str(), &actions, nullptr, pointers_to(command).data(),
                                 pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::system_error(failed, std::generic_category(), command.front());
  return pid;
}

// One read or write that does not block; false at the end of the stream.
bool receive(int fd, std::string& into) {
  std::array<char, 65536> block{};
  const ssize_t count = read(fd, block.data(), block.size());
  if (count > 0) into.append(block.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

bool send(int fd, std::string_view& rest) {
  const ssize_t count = write(fd, rest.data(), std::min<std::size_t>(rest.size(), 4096));
  if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
  return !rest.empty() && (count > 0 || errno == EAGAIN || errno == EINTR);
}

// Feeds and drains until the process has closed its outputs; false at the deadline.
bool exchange(Pipe& in, Pipe& out, Pipe& err, const ProcessOptions& options, Clock::time_point deadline,
              Outcome& outcome) {
  std::string_view rest = options.input;
  bool sending = !rest.empty();
  while (out.ends[0] >= 0 || err.ends[0] >= 0) {
    if (!sending && !options.input_stays_open) in.close_end(1);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    std::array<pollfd, 3> waits{
        {{out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}, {sending ? in.ends[1] : -1, POLLOUT, 0}}};
    poll(waits.data(), waits.size(), static_cast<int>(left.count()));
    if (waits[0].revents != 0 && !receive(out.ends[0], outcome.out)) out.close_end(0);
    if (waits[1].revents != 0 && !receive(err.ends[0], outcome.err)) err.close_end(0);
    if (waits[2].revents != 0) sending = send(in.ends[1], rest);
  }
  return true;
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
  return stream << "exit code " << outcome.exit_code << "\nstdout:\n" << outcome.out << "\nstderr:\n" << outcome.err;
}

Outcome run_process(const std::vector<std::string>& command, const ProcessOptions& options) {
  // A child that exits before it has read its input.
  signal(SIGPIPE, SIG_IGN);
  const auto deadline = Clock::now() + options.bound;
  Pipe in;
  Pipe out;
  Pipe err;
  const pid_t pid = spawn(command, environment_of(options), options.folder, {in.ends[0], out.ends[1], err.ends[1]});
  in.close_end(0);
  out.close_end(1);
  err.close_end(1);
  Outcome outcome;
  outcome.timed_out = !exchange(in, out, err, options, deadline, outcome);
  if (outcome.timed_out) kill(pid, SIGKILL);
  int status = 0;
  waitpid(pid, &status, 0);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  EXPECT_FALSE(outcome.timed_out) << command.front() << " ran longer than " << options.bound.count() << " s\n"
                                  << outcome;
  return outcome;
}

}  // namespace gpu_host::e2e
