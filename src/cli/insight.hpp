// --stats, --trace and --profile guest around a run.
#pragma once

#include <memory>

#include "cli/command_line.hpp"
#include "gpu_host/instance.hpp"
#include "gpu_host/stats.hpp"
#include "gpu_host/trace.hpp"

namespace gpu_host::cli {

class Insight {
 public:
  // Opens the trace file. Nothing observes where nothing is asked for.
  [[nodiscard]] static Result<Insight> create(const RunCommand& command);

  [[nodiscard]] const std::vector<std::shared_ptr<Observer>>& observers() const { return observers_; }

  // Prints the statistics and completes the trace: of what has ended by now, so also
  // while a call of the guest lasts. From one thread.
  [[nodiscard]] Result<void> report() const;

  // Writes the profile, and says where. After the run.
  [[nodiscard]] Result<void> write_profile(Instance& instance) const;

 private:
  StatsFormat format_ = StatsFormat::none;
  std::optional<GuestProfile> profile_;
  std::shared_ptr<Stats> stats_;
  std::shared_ptr<Trace> trace_;
  std::vector<std::shared_ptr<Observer>> observers_;
};

}  // namespace gpu_host::cli
