// Measures a comparison with google-benchmark.
#pragma once

#include <optional>
#include <string>

#include "comparison.hpp"

namespace gpu_host::bench {

// Both sides take turns this many times, in random order.
inline constexpr int kRepetitions = 11;

struct Measurement {
  std::string failure;              // not empty: it could not be measured, and why
  std::string skipped;              // not empty: it need not hold here, and why
  std::string device;               // as Sides has it
  double ours = 0;                  // median seconds of one operation
  std::optional<double> reference;  // likewise
  double value = 0;                 // in the unit of the target
  bool holds = false;               // or was skipped
};

// Once, before anything is measured.
void initialize_benchmarks();

[[nodiscard]] Measurement measure(const Comparison& comparison);

}  // namespace gpu_host::bench
