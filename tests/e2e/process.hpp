// A process started, fed and waited for.
#pragma once

#include <chrono>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace gpu_host::e2e {

struct ProcessOptions {
  std::string input = {};                                     // what it reads from standard input
  bool input_stays_open = false;                              // no end of file behind `input`
  std::vector<std::pair<std::string, std::string>> env = {};  // beside and before this process's
  std::string folder = {};                                    // its current one; empty: this process's
  std::chrono::seconds bound{100};                            // it is killed then
};

struct Outcome {
  int exit_code = -1;  // of a signal: minus its number
  bool timed_out = false;
  std::string out;
  std::string err;
};

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome);

// Fails the test when the process cannot be started or is killed at the bound.
[[nodiscard]] Outcome run_process(const std::vector<std::string>& command, const ProcessOptions& options = {});

}  // namespace gpu_host::e2e
