#include "cli/run_command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "cli/cli.hpp"
#include "cli/insight.hpp"
#include "cli/invoke.hpp"
#include "cli/load.hpp"
#include "cli/messages.hpp"
#include "util/watchdog.hpp"

namespace gpu_host::cli {
namespace {

// How long a guest may stay in a blocking WASI call, which the library cannot
// interrupt, after its timeout.
constexpr std::chrono::nanoseconds kGrace = std::chrono::seconds(1);

// Calls `expired`, which ends the program, so long after the guest's timeout.
std::optional<Watchdog> watch(const RunCommand& command, std::chrono::nanoseconds grace,
                              std::function<void()> expired) {
  const auto& timeout = command.instance.limits.timeout;
  if (!timeout || *timeout >= std::chrono::nanoseconds::max() - grace) return std::nullopt;
  return std::optional<Watchdog>(std::in_place, *timeout + grace, std::move(expired));
}

// Where the library cannot end the guest.
std::optional<Watchdog> last_resort(const RunCommand& command, const Insight& insight) {
  return watch(command, kGrace, [&command, &insight] {
    say(fmt::format("wasmtime-gpu-host: error: {}: the timeout has passed, in a call that cannot be interrupted\n",
                    command.module));
    if (const auto reported = insight.report(); !reported) (void)fail(reported.error());
    if (command.profile) say("wasmtime-gpu-host: the guest's profile is lost\n");
    std::_Exit(kTrap);
  });
}

// Where nobody reads what is said of the end.
std::optional<Watchdog> silent_last_resort(const RunCommand& command) {
  return watch(command, 2 * kGrace, [] { std::_Exit(kTrap); });
}

// Calls a function and prints its results.
Result<int> invoke(Instance& instance, const RunCommand& command) {
  const auto parameters = instance.parameters(*command.invoke);
  if (!parameters) return std::unexpected(parameters.error());
  const auto arguments = parse_arguments(*parameters, command.arguments);
  if (!arguments) {
    return error(ErrorKind::invalid_argument, fmt::format("--invoke {}: {}", *command.invoke, arguments.error()));
  }
  const auto results = instance.call(*command.invoke, *arguments);
  if (!results && results.error().kind == ErrorKind::exit) return results.error().exit_code;
  if (!results) return std::unexpected(results.error());
  for (const Value& result : *results) std::puts(to_text(result).c_str());
  return kSuccess;
}

}  // namespace

int run(const RunCommand& command) {
  const auto module = load(command.engine, command.module);
  if (!module) return fail(module.error());
  const auto insight = Insight::create(command);
  if (!insight) return fail(insight.error());
  InstanceOptions options = command.instance;
  options.observers = insight->observers();
  auto instance = Instance::create(*module, options);
  if (!instance) return fail(instance.error());

  auto silent = silent_last_resort(command);
  Result<int> ran;
  {
    const auto watchdog = last_resort(command, *insight);
    ran = command.invoke ? invoke(*instance, command) : instance->run();
  }
  if (ran) silent.reset();  // a guest that ended in time may have slow readers
  const int exit_code = ran ? *ran : fail(ran.error());
  Result<void> reported = insight->report();
  silent.reset();
  if (reported) reported = insight->write_profile(*instance);
  if (reported) return exit_code;
  const int failed = fail(reported.error());
  return exit_code == kSuccess ? failed : exit_code;
}

}  // namespace gpu_host::cli
