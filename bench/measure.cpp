#include "measure.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <stdexcept>
#include <thread>

namespace gpu_host::bench {
namespace {

constexpr const char* kOurs = "ours";
constexpr const char* kReference = "reference";

// Keeps the time of each repetition; prints nothing.
class Collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      if (run.error_occurred) throw std::runtime_error(run.error_message);
      seconds_[run.run_name.function_name].push_back(run.real_accumulated_time / static_cast<double>(run.iterations));
    }
  }
  [[nodiscard]] double median(const std::string& name) const {
    std::vector<double> times = seconds_.at(name);
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
  }

 private:
  std::map<std::string, std::vector<double>> seconds_;
};

void add(const char* name, const Operation& operation, const Comparison& comparison) {
  benchmark::RegisterBenchmark(name, [&](benchmark::State& state) {
    try {
      if (comparison.pause.count() > 0) {
        std::this_thread::sleep_for(comparison.pause);
        operation(comparison.batch);  // wakes its own threads
      }
      while (state.KeepRunningBatch(comparison.batch)) state.SetIterationTime(operation(comparison.batch));
    } catch (const std::exception& failure) {
      state.SkipWithError(failure.what());
    }
  })->UseManualTime();
}

double value_of(TargetKind kind, double ours, double reference) {
  switch (kind) {
    case TargetKind::time_at_most:
      return ours;
    case TargetKind::excess_at_most:
      return ours - reference;
    case TargetKind::ratio_at_most:
      return ours / reference;
    case TargetKind::speed_at_least:
      return reference / ours;
  }
  throw std::logic_error("unknown kind of target");
}

}  // namespace

void initialize_benchmarks() {
  std::array<std::string, 4> arguments{"wgh-bench", "--benchmark_enable_random_interleaving=true",
                                       "--benchmark_min_time=0.05",
                                       "--benchmark_repetitions=" + std::to_string(kRepetitions)};
  std::array<char*, 5> pointers{};
  std::ranges::transform(arguments, pointers.begin(), [](std::string& text) { return text.data(); });
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, pointers.data());
}

Measurement measure(const Comparison& comparison) {
  Measurement result;
  try {
    const Sides sides = comparison.prepare();
    result.device = sides.device;
    benchmark::ClearRegisteredBenchmarks();
    add(kOurs, sides.ours, comparison);
    if (sides.reference) add(kReference, sides.reference, comparison);
    Collector times;
    benchmark::RunSpecifiedBenchmarks(&times, ".");
    result.ours = times.median(kOurs);
    if (sides.reference) result.reference = times.median(kReference);
  } catch (const Skipped& skipped) {
    result.skipped = skipped.what();
    result.holds = true;
    return result;
  } catch (const std::exception& failure) {
    result.failure = failure.what();
    return result;
  }
  result.value = value_of(comparison.target.kind, result.ours, result.reference.value_or(0));
  const bool at_least = comparison.target.kind == TargetKind::speed_at_least;
  result.holds = at_least ? result.value >= comparison.target.limit : result.value <= comparison.target.limit;
  return result;
}

}  // namespace gpu_host::bench
