#include "backend/cpu/openblas.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <array>
#include <sstream>
#include <thread>
#include <vector>

#include "util/log.hpp"

namespace gpu_host::cpu {
namespace {

TEST(OpenBlas, Multiplies) {
  const Sgemm sgemm = openblas_sgemm();
  ASSERT_NE(sgemm, nullptr);
  const std::array<float, 4> a{1, 2, 3, 4};
  const std::array<float, 4> b{5, 6, 7, 8};
  std::array<float, 4> c{};
  sgemm(kRowMajor, kNoTrans, kTrans, 2, 2, 2, 1, a.data(), 2, b.data(), 2, 0, c.data(), 2);
  EXPECT_EQ(c, (std::array<float, 4>{17, 23, 39, 53}));
}

TEST(OpenBlas, IsTheSameForAllThreads) {
  const std::vector<std::jthread> threads = [] {
    std::vector<std::jthread> started;
    for (int i = 0; i < 8; ++i) started.emplace_back([] { EXPECT_EQ(openblas_sgemm(), openblas_sgemm()); });
    return started;
  }();
}

TEST(OpenBlas, WarnsWhereItIsMissing) {
  std::ostringstream log;
  const auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(log);
  logger().sinks().push_back(sink);
  logger().set_level(spdlog::level::warn);
  EXPECT_EQ(open_sgemm("libno-such-blas.so.0"), nullptr);
  EXPECT_EQ(open_sgemm("libm.so.6"), nullptr);  // there, but it is not BLAS
  logger().sinks().clear();
  logger().set_level(spdlog::level::off);
  EXPECT_THAT(log.str(), testing::HasSubstr("libno-such-blas.so.0 (Debian package libopenblas0-pthread)"));
  EXPECT_THAT(log.str(), testing::HasSubstr("libm.so.6 (Debian package libopenblas0-pthread)"));
}

}  // namespace
}  // namespace gpu_host::cpu
