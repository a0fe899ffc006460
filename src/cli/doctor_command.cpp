#include "cli/doctor_command.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/cli.hpp"
#include "cli/messages.hpp"
#include "gpu_host/diagnosis.hpp"

namespace gpu_host::cli {
namespace {

// At once: a driver may end the process with what it is asked next.
void print(const Finding& finding) {
  fmt::print("{:<6} {:<13}  {}\n", name_of(finding.verdict), finding.subject, finding.found);
  if (!finding.remedy.empty()) fmt::print("{:<6} {:<13}  -> {}\n", "", "", finding.remedy);
  std::fflush(stdout);
}

}  // namespace

int run_doctor(const DoctorCommand& command) {
  auto all = nlohmann::ordered_json::array();
  int faults = 0;
  const auto done = diagnose(command.backend, [&](const Finding& finding) {
    if (finding.verdict == Verdict::fault) ++faults;
    if (!command.json) return print(finding);
    all.push_back({{"subject", finding.subject},
                   {"verdict", name_of(finding.verdict)},
                   {"found", finding.found},
                   {"remedy", finding.remedy}});
  });
  if (!done) return fail(done.error());
  // Names come from drivers, which need not speak UTF-8.
  if (command.json) fmt::print("{}\n", all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  return faults == 0 ? kSuccess : kHostError;
}

}  // namespace gpu_host::cli
