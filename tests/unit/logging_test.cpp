#include "cli/logging.hpp"

#include <gtest/gtest.h>

namespace gpu_host::cli {
namespace {

namespace level = spdlog::level;

TEST(Logging, KnowsTheLevels) {
  EXPECT_EQ(parse_level("off"), level::off);
  EXPECT_EQ(parse_level("ERROR"), level::err);
  EXPECT_EQ(parse_level("Warn"), level::warn);
  EXPECT_EQ(parse_level("info"), level::info);
  EXPECT_EQ(parse_level("debug"), level::debug);
  EXPECT_EQ(parse_level("trace"), level::trace);
  EXPECT_EQ(parse_level(""), std::nullopt);
  EXPECT_EQ(parse_level("verbose"), std::nullopt);
}

TEST(Logging, ReadsWhatRustLogMeansForThisProgram) {
  EXPECT_EQ(parse_rust_log("debug"), level::debug);
  EXPECT_EQ(parse_rust_log(" info , other_crate=trace"), level::info);
  EXPECT_EQ(parse_rust_log("warn,wasmtime_gpu_host=debug"), level::debug);
  EXPECT_EQ(parse_rust_log("wasmtime_gpu_host"), level::trace);
  EXPECT_EQ(parse_rust_log("other_crate=trace"), std::nullopt);
  EXPECT_EQ(parse_rust_log("nonsense"), std::nullopt);
  EXPECT_EQ(parse_rust_log(""), std::nullopt);
}

}  // namespace
}  // namespace gpu_host::cli
