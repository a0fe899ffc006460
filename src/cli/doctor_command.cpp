#include "cli/doctor_command.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/cli.hpp"
#include "cli/messages.hpp"
#include "gpu_host/diagnosis.hpp"

namespace gpu_host::cli {
namespace {

void print(const Finding& finding) {
  fmt::print("{:<6} {:<13}  {}\n", name_of(finding.verdict), finding.subject, finding.found);
  if (!finding.remedy.empty()) fmt::print("{:<6} {:<13}  -> {}\n", "", "", finding.remedy);
}

void print_element(const Finding& finding, bool is_first) {
  const nlohmann::ordered_json json{{"subject", finding.subject},
                                    {"verdict", name_of(finding.verdict)},
                                    {"found", finding.found},
                                    {"remedy", finding.remedy}};
  // Names come from drivers, which need not speak UTF-8.
  fmt::print("{} {}", is_first ? "[" : ",\n ", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

// Each finding at once: a driver may end the process with what it is asked next.
int run_doctor(const DoctorCommand& command) {
  int findings = 0;
  int faults = 0;
  const auto done = diagnose(command.backend, [&](const Finding& finding) {
    if (finding.verdict == Verdict::fault) ++faults;
    if (command.json) {
      print_element(finding, findings == 0);
    } else {
      print(finding);
    }
    ++findings;
    std::fflush(stdout);
  });
  if (!done) return fail(done.error());
  if (command.json) fmt::print("]\n");
  return faults == 0 ? kSuccess : kHostError;
}

}  // namespace gpu_host::cli
