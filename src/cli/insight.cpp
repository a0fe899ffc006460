#include "cli/insight.hpp"

#include <fmt/format.h>

#include <span>

#include "cli/messages.hpp"
#include "cli/stats_report.hpp"
#include "cli/write_file.hpp"

namespace gpu_host::cli {

Result<Insight> Insight::create(const RunCommand& command) {
  Insight insight;
  insight.format_ = command.stats;
  insight.profile_ = command.profile;
  if (command.stats != StatsFormat::none) {
    insight.stats_ = std::make_shared<Stats>();
    insight.observers_.push_back(insight.stats_);
  }
  if (command.trace) {
    auto trace = Trace::create(*command.trace);
    if (!trace) return std::unexpected(std::move(trace.error()));
    insight.trace_ = *std::move(trace);
    insight.observers_.push_back(insight.trace_);
  }
  return insight;
}

Result<void> Insight::report() const {
  if (stats_) {
    const auto functions = stats_->functions();
    say(format_ == StatsFormat::json ? stats_json(functions) : stats_table(functions));
  }
  if (trace_) return trace_->finish();
  return {};
}

Result<void> Insight::write_profile(Instance& instance) const {
  if (!profile_) return {};
  const auto profile = instance.guest_profile();
  if (!profile) return std::unexpected(profile.error());
  if (auto written = write_file(profile_->path, std::as_bytes(std::span(*profile))); !written) return written;
  say(fmt::format("wasmtime-gpu-host: the guest's profile is in '{}'; see it at https://profiler.firefox.com\n",
                  profile_->path.string()));
  return {};
}

}  // namespace gpu_host::cli
