#include "cli/stats_report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace gpu_host::cli {
namespace {

using namespace std::chrono_literals;

std::vector<FunctionStats> example() {
  return {{.interface = "wasi:gpu/compute@0.1.0", .function = "sync", .calls = 3, .time = 950ns},
          {.interface = "wasi:gpu/ml-kernels@0.1.0",
           .function = "kernel-matmul",
           .calls = 12,
           .bytes = 3 << 20,
           .time = 1500ms,
           .device_time = 12'345us,
           .device = "cpu: \"some\" CPU"}};
}

TEST(StatsReport, IsAlignedInUnitsForPeople) {
  EXPECT_EQ(stats_table(example()),
            "function       calls     bytes    time  device time  device\n"
            "sync               3       0 B  950 ns            0\n"
            "kernel-matmul     12  3.00 MiB  1.50 s      12.3 ms  cpu: \"some\" CPU\n");
}

TEST(StatsReport, ShowsFailuresWhereThereAreAny) {
  auto functions = example();
  functions[1].failures = 7;
  EXPECT_EQ(stats_table(functions),
            "function       calls  failures     bytes    time  device time  device\n"
            "sync               3         0       0 B  950 ns            0\n"
            "kernel-matmul     12         7  3.00 MiB  1.50 s      12.3 ms  cpu: \"some\" CPU\n");
}

TEST(StatsReport, RoundsToThreeDigits) {
  const auto line = [](std::uint64_t bytes, std::chrono::nanoseconds time) {
    return stats_table(std::vector<FunctionStats>{{.function = "f", .bytes = bytes, .time = time}});
  };
  EXPECT_NE(line(1023, 0ns).find(" 1023 B "), std::string::npos);
  EXPECT_NE(line(1024, 0ns).find(" 1.00 KiB "), std::string::npos);
  EXPECT_NE(line(150ULL << 30, 0ns).find(" 150 GiB "), std::string::npos);
  EXPECT_NE(line(UINT64_MAX, 0ns).find(" 16777216 TiB "), std::string::npos);
  EXPECT_NE(line(0, 1ns).find(" 1.00 ns "), std::string::npos);
  EXPECT_NE(line(0, 42us).find(" 42.0 us "), std::string::npos);
  EXPECT_NE(line(0, 2h).find(" 7200 s "), std::string::npos);
}

TEST(StatsReport, SaysThatNothingWasCalled) { EXPECT_EQ(stats_table({}), "wasi:gpu was not called\n"); }

TEST(StatsReport, AsJsonIsOneLineWithAllFields) {
  auto functions = example();
  functions[0].device = "not UTF-8: \xff";
  const std::string text = stats_json(functions);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto json = nlohmann::json::parse(text).at("functions");
  ASSERT_EQ(json.size(), 2U);
  const nlohmann::json expected{{"interface", "wasi:gpu/ml-kernels@0.1.0"},
                                {"function", "kernel-matmul"},
                                {"calls", 12},
                                {"failures", 0},
                                {"bytes", 3 << 20},
                                {"time_ns", 1'500'000'000},
                                {"device_time_ns", 12'345'000},
                                {"device", "cpu: \"some\" CPU"}};
  EXPECT_EQ(json[1], expected);
  EXPECT_EQ(nlohmann::json::parse(stats_json({})).at("functions"), nlohmann::json::array());
}

}  // namespace
}  // namespace gpu_host::cli
