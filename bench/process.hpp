// Programs that run beside this one.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace gpu_host::bench {

// A running program, its standard input and output in our hands. Killed, if it
// still runs, by the destructor.
class Process {
 public:
  // command[0] is a path. Throws std::runtime_error where it cannot be started.
  explicit Process(std::vector<std::string> command);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  // Writes a line and reads one, without its end. Throws where the program is gone.
  std::string ask(const std::string& line);

  // Waits for its end; returns what it printed. Throws where it did not exit with 0.
  std::string finish();

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  std::string name_;
  pid_t id_ = -1;
  std::unique_ptr<std::FILE, CloseFile> input_;   // of the program
  std::unique_ptr<std::FILE, CloseFile> output_;  // likewise
};

// The path of what lies at `path`, seen from the folder of this program: a build folder can be moved.
[[nodiscard]] std::string beside(const char* path);

// A folder that goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace gpu_host::bench
