#include "util/log.hpp"

#include <gtest/gtest.h>

namespace gpu_host {
namespace {

TEST(Log, IsSilentUntilAProgramAsksForIt) {
  EXPECT_TRUE(logger().sinks().empty());
  EXPECT_FALSE(logger().should_log(spdlog::level::critical));
}

}  // namespace
}  // namespace gpu_host
