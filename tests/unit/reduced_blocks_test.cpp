#include "backend/cpu/reduced_blocks.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "backend/cpu/block_reduce.hpp"

namespace gpu_host::cpu {
namespace {

double count(std::span<const float> block) { return static_cast<double>(block.size()); }

TEST(ReducedBlocks, CombinesEveryBlockOnce) {
  Workers workers(nullptr, std::nullopt);
  const std::vector<float> values(70 * kReduceBlock + 3);
  for (const std::size_t blocks : {0, 1, 2, 3, 7, 8, 70}) {
    for (const std::size_t more : {0, 3}) {
      const auto some = std::span(values).first(blocks * kReduceBlock + more);
      EXPECT_EQ(summed_blocks(workers, some, count), count(some)) << some.size();
    }
  }
}

TEST(ReducedBlocks, IsEmptyWhenInterrupted) {
  Interrupt interrupt;
  Workers workers(&interrupt, std::nullopt);
  interrupt.request();
  EXPECT_EQ(summed_blocks(workers, std::vector<float>(10), count), std::nullopt);
  EXPECT_EQ(summed_blocks(workers, std::vector<float>(10 * kReduceBlock), count), std::nullopt);
}

TEST(ReducedBlocks, GivesTheSameBitsOnAnyNumberOfThreads) {
  std::vector<float> values(9 * kReduceBlock + 77);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1.0F / static_cast<float>(i + 1);
  Workers one(nullptr, 1);
  const auto expected = summed_blocks(one, values, sum);
  for (int round = 0; round < 20; ++round) {
    Workers many(nullptr, std::nullopt);
    EXPECT_EQ(summed_blocks(many, values, sum), expected);
  }
}

}  // namespace
}  // namespace gpu_host::cpu
