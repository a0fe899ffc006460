#include "backend/cpu/parallel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <mutex>
#include <new>
#include <numeric>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace gpu_host::cpu {
namespace {

using Threads = std::optional<std::uint32_t>;
using Blocks = std::vector<std::pair<std::size_t, std::size_t>>;

class ParallelTest : public testing::TestWithParam<Threads> {
 protected:
  Interrupt interrupt_;
  Workers workers_{&interrupt_, GetParam()};
};

TEST_P(ParallelTest, BlocksDependOnTheSizeAlone) {
  for (const std::size_t n : {0, 1, 9, 10, 11, 39, 40, 41, 12345}) {
    std::mutex mutex;
    Blocks blocks;
    EXPECT_TRUE(workers_.for_blocks(n, 10, [&](std::size_t begin, std::size_t end) {
      const std::scoped_lock lock(mutex);
      blocks.emplace_back(begin, end);
    }));
    Blocks expected;
    for (std::size_t begin = 0; begin < n; begin += 10) expected.emplace_back(begin, std::min(n, begin + 10));
    EXPECT_THAT(blocks, testing::UnorderedElementsAreArray(expected)) << n;
  }
}

// Under ThreadSanitizer: without a race.
TEST_P(ParallelTest, BodiesAndTheirCallerSeeEachOthersWrites) {
  std::vector<int> values(100'000);
  for (int round = 1; round <= 20; ++round) {
    std::iota(values.begin(), values.end(), round);
    EXPECT_TRUE(workers_.for_blocks(values.size(), 100, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) values[i] *= 2;
    }));
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], 2 * (static_cast<int>(i) + round));
  }
}

TEST_P(ParallelTest, SmallWorkRunsInTheCaller) {
  const auto caller = std::this_thread::get_id();
  for (const std::size_t n : {1, 10, 11, 30}) {
    EXPECT_TRUE(
        workers_.for_blocks(n, 10, [&](std::size_t, std::size_t) { EXPECT_EQ(std::this_thread::get_id(), caller); }));
  }
}

TEST_P(ParallelTest, StopsWhenInterrupted) {
  std::atomic<int> calls = 0;
  EXPECT_FALSE(workers_.stop());
  EXPECT_FALSE(workers_.for_blocks(1'000'000, 1, [&](std::size_t, std::size_t) {
    if (++calls == 10) interrupt_.request();
  }));
  EXPECT_GE(calls, 10);
  if (GetParam() == 1) {
    EXPECT_EQ(calls, 10);
  }
  EXPECT_TRUE(workers_.stop());
  EXPECT_TRUE(workers_.poll().stop(0) || workers_.poll().stop(kPollWork));
  for (const std::size_t n : {0, 1, 10, 1000}) {
    EXPECT_FALSE(workers_.for_blocks(n, 10, [](std::size_t, std::size_t) { FAIL() << "was interrupted before"; }));
  }
}

TEST_P(ParallelTest, ThrowsWhatABodyThrows) {
  for (const std::size_t n : {1, 20, 10'000}) {
    const auto call = [&] {
      (void)workers_.for_blocks(n, 10, [](std::size_t, std::size_t) { throw std::bad_alloc(); });
    };
    EXPECT_THROW(call(), std::bad_alloc) << n;
  }
  std::atomic<int> calls = 0;
  EXPECT_TRUE(workers_.for_blocks(1000, 10, [&](std::size_t, std::size_t) { ++calls; }));
  EXPECT_EQ(calls, 100);
}

INSTANTIATE_TEST_SUITE_P(Threads, ParallelTest, testing::Values(Threads(1), Threads(2), Threads(1000), Threads()));

TEST(Parallel, OneThreadIsTheCaller) {
  Workers workers(nullptr, 1);
  const auto caller = std::this_thread::get_id();
  EXPECT_TRUE(
      workers.for_blocks(10'000, 1, [&](std::size_t, std::size_t) { EXPECT_EQ(std::this_thread::get_id(), caller); }));
}

TEST(Parallel, NoMoreThreadsThanAskedForWork) {
  Workers workers(nullptr, 2);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  EXPECT_TRUE(workers.for_blocks(10'000, 1, [&](std::size_t, std::size_t) {
    const std::scoped_lock lock(mutex);
    threads.insert(std::this_thread::get_id());
  }));
  EXPECT_LE(threads.size(), 2U);
}

TEST(Parallel, ManyStreamsOnManyThreads) {
  std::vector<std::jthread> streams;
  for (int i = 0; i < 8; ++i) {
    streams.emplace_back([] {
      for (int round = 0; round < 20; ++round) {
        Workers workers(nullptr, std::nullopt);
        std::vector<std::size_t> sums(100);
        EXPECT_TRUE(workers.for_blocks(1000, 10, [&](std::size_t begin, std::size_t end) {
          for (std::size_t k = begin; k < end; ++k) sums[begin / 10] += k;
        }));
        EXPECT_EQ(std::accumulate(sums.begin(), sums.end(), std::size_t{0}), 499'500U);
      }
    });
  }
}

// The child of a fork has none of its parent's threads: it must not wait for them.
TEST(ParallelDeathTest, WorksInAForkedChild) {
  Workers workers(nullptr, std::nullopt);
  const auto run = [&workers] {
    std::atomic<int> calls = 0;
    const bool done = workers.for_blocks(10'000, 10, [&](std::size_t, std::size_t) { ++calls; });
    return done && calls == 1000;
  };
  EXPECT_TRUE(run());
  EXPECT_EXIT(std::_Exit(run() ? 0 : 1), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace gpu_host::cpu
