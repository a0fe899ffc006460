// What is measured: our host against a reference in the same run, or a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace gpu_host::bench {

// Performs something so many times; returns the seconds that it took.
using Operation = std::function<double(std::int64_t count)>;

// Keep alive what they work on.
struct Sides {
  Operation ours;
  Operation reference;      // may be empty where the target is a time
  std::string device = {};  // that it runs on, for people; empty: this machine
};

// The machine lacks the device that something is meant for.
struct Skipped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class TargetKind : std::uint8_t {
  time_at_most,    // ours, in seconds
  excess_at_most,  // ours - reference, in seconds
  ratio_at_most,   // ours / reference, of times
  speed_at_least,  // reference / ours: how fast ours is against the reference
};

struct Target {
  TargetKind kind;
  double limit;
};

// What one operation does, in bytes (B) or operations (FLOP).
struct Work {
  double amount = 0;  // 0: nobody asks
  const char* unit = "";
};

struct Comparison {
  std::string name;
  std::string ours;  // what the two sides do; for people
  std::string reference;
  Target target;
  // Throws Skipped or, where it cannot be measured, std::runtime_error, with the reason.
  std::function<Sides()> prepare;
  std::int64_t batch = 1;  // how many times an operation is performed between two looks at the clock
  // Before each side's turn, for threads of the other side to fall asleep.
  std::chrono::milliseconds pause{0};
  Work work = {};
};

// What scripts/bench gives.
struct Environment {
  std::string python;       // a Python with onnxruntime
  bool any_device = false;  // measure on software too what is meant for a GPU
};

// The seconds that `body` takes.
template <class Body>
[[nodiscard]] double seconds_of(Body&& body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// All that this project has to reach, in the order of the table.
void add_host_calls(std::vector<Comparison>& comparisons);
void add_copies(std::vector<Comparison>& comparisons);
void add_matmul(std::vector<Comparison>& comparisons);
void add_memory_bound(std::vector<Comparison>& comparisons);
void add_small_kernels(std::vector<Comparison>& comparisons);
void add_trees(std::vector<Comparison>& comparisons, const Environment& environment);
void add_programs(std::vector<Comparison>& comparisons);
#if WGH_CUDA
void add_cuda(std::vector<Comparison>& comparisons);
#endif
void add_webgpu(std::vector<Comparison>& comparisons, const Environment& environment);

}  // namespace gpu_host::bench
