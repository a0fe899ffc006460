#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::ContainsRegex;

TEST(Devices, SaysOfEachBackendWhetherItIsUsable) {
  const Outcome outcome = run_program({"devices"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.out, ContainsRegex("(^|\n)cpu +0 +usable"));
  EXPECT_THAT(outcome.out, ContainsRegex("(^|\n)cuda +.*usable"));
  EXPECT_THAT(outcome.out, ContainsRegex("(^|\n)webgpu +.*usable"));
}

TEST(Devices, ThatCannotBePrintedAreAnError) {
  for (const std::string arguments : {"devices", "devices --json", "--help", "--version"}) {
    const Outcome outcome = run_process({"/bin/sh", "-c", std::string(WGH_PROGRAM) + " " + arguments + " >/dev/full"});
    EXPECT_EQ(outcome.exit_code, kHostError) << outcome;
    EXPECT_THAT(outcome.err, testing::HasSubstr("standard output"));
  }
}

TEST(Devices, AsJson) {
  const Outcome outcome = run_program({"devices", "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  const auto entries = nlohmann::json::parse(outcome.out);
  std::set<std::string> backends;
  for (const auto& entry : entries) {
    const auto backend = entry.at("backend").get<std::string>();
    backends.insert(backend);
    if (entry.at("usable").get<bool>()) {
      EXPECT_NE(entry.at("name").get<std::string>(), "");
      const auto& memory = entry.at("total_memory");  // null where the device does not tell
      EXPECT_TRUE(memory.is_null() || memory.get<std::uint64_t>() > 0u);
      EXPECT_TRUE(backend != "cpu" || !memory.is_null());
      EXPECT_TRUE(entry.at("details").is_string());
      EXPECT_TRUE(entry.at("is_hardware").is_boolean());
      EXPECT_TRUE(entry.at("compute_capability").is_string());
    } else {
      EXPECT_NE(backend, "cpu");
      EXPECT_NE(entry.at("reason").get<std::string>(), "");
    }
  }
  EXPECT_EQ(backends, (std::set<std::string>{"cpu", "cuda", "webgpu"}));
}

}  // namespace
}  // namespace gpu_host::e2e
