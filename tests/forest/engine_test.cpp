// The CPU's engine grows what the reference grows, of random data by random parameters.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <vector>

#include "backend/cpu/forest/bag.hpp"
#include "backend/cpu/forest/grow_tree.hpp"
#include "backend/interrupt.hpp"
#include "forest/plain_tree.hpp"
#include "forest/random_case.hpp"
#include "forest/reference.hpp"

namespace gpu_host::forest_test {
namespace {

namespace reference = forest_reference;
using cpu::kMostSmallRows;

void expect_same(const reference::Tree& expected, const cpu::GrownTree& grown, std::uint32_t n_classes) {
  const std::vector<PlainNode> nodes = plain_nodes(grown.tree);
  ASSERT_EQ(nodes.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const reference::Node& node = expected[i];
    PlainNode plain{.feature = node.feature, .weight = node.weight};
    if (node.feature >= 0) {
      plain.value = node.threshold;
      plain.left = node.left;
      plain.missing_left = node.missing_left;
    } else if (n_classes == 0) {
      plain.value = node.value;
    } else {
      plain.classes.assign(node.sums.begin(), node.sums.end());
    }
    ASSERT_EQ(nodes[i], plain) << "node " << i;
  }
}

void expect_grown(const Case& one) {
  const auto expected = reference::grow(one.data, one.parameters);
  cpu::Workers workers(nullptr, 1);
  const auto data = data_set(one, workers);
  const forest::Parameters parameters = of_engine(one.parameters);
  cpu::Poll poll(nullptr);
  for (const std::uint32_t small_node : {kMostSmallRows, 8U, 1U}) {
    const auto grower = cpu::tree_grower(data, parameters, small_node);
    for (std::uint32_t tree = 0; tree < parameters.n_trees; ++tree) {
      ASSERT_NO_FATAL_FAILURE(expect_same(expected[tree], *grower->grow(tree, poll), one.parameters.n_classes))
          << "tree " << tree << " with small nodes of " << small_node;
    }
  }
}

class EngineTest : public testing::TestWithParam<std::uint32_t> {};

TEST_P(EngineTest, GrowsWhatTheReferenceGrows) {
  constexpr std::uint32_t kCases = 40;
  for (std::uint32_t seed = GetParam() * kCases; seed < (GetParam() + 1) * kCases; ++seed) {
    SCOPED_TRACE(testing::Message() << "case " << seed);
    ASSERT_NO_FATAL_FAILURE(expect_grown(random_case(seed)));
  }
}

INSTANTIATE_TEST_SUITE_P(Random, EngineTest, testing::Range(0U, 10U));

TEST(EngineOfManyClasses, GrowsWhatTheReferenceGrows) {
  for (const std::uint32_t n_classes : {6U, 7U, 8U, 9U, 31U, 32U, 33U, 255U, 256U}) {
    for (std::uint32_t seed = 500; seed < 520; ++seed) {
      SCOPED_TRACE(testing::Message() << "case " << seed << " with " << n_classes << " classes");
      Case one = random_case(seed);
      one.parameters.n_classes = n_classes;
      Dice dice(seed);
      for (double& target : one.data.targets) target = dice.number(0, dice.one_in(2) ? 1 : n_classes - 1);
      ASSERT_NO_FATAL_FAILURE(expect_grown(one));
    }
  }
}

TEST(Interrupted, DrawsNoMore) {
  const Case one = random_case(1);
  cpu::Workers workers(nullptr, 1);
  const cpu::DataSet data = data_set(one, workers);
  forest::Parameters parameters;
  parameters.n_draws = std::numeric_limits<std::uint32_t>::max() / 2;
  Interrupt interrupt;
  interrupt.request();
  cpu::Poll poll(&interrupt);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(cpu::draw_bag(data, parameters, 0, poll).empty());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

// Wherever it was told to stop, what it grows next is right.
TEST(Interrupted, GrowersCanGrowAgain) {
  Case one;
  Dice dice(3);
  one.data.columns.assign(40, std::vector<float>(50'000));
  for (auto& column : one.data.columns) {
    for (float& value : column) value = static_cast<float>(dice.fraction());
  }
  for (int row = 0; row < 50'000; ++row) one.data.targets.push_back(dice.fraction());
  one.parameters.max_depth = 3;
  cpu::Workers workers(nullptr, 1);
  const cpu::DataSet data = data_set(one, workers);
  const forest::Parameters parameters = of_engine(one.parameters);
  cpu::Poll poll(nullptr);
  const std::vector<PlainNode> whole = plain_nodes(cpu::tree_grower(data, parameters)->grow(0, poll)->tree);
  const auto grower = cpu::tree_grower(data, parameters);
  std::uint32_t n_stopped = 0;
  for (int i = 0; i < 20; ++i) {
    Interrupt interrupt;
    interrupt.set_deadline(Interrupt::Clock::now() + std::chrono::microseconds(300 * i));
    cpu::Poll stopped(&interrupt);
    n_stopped += grower->grow(0, stopped) ? 0 : 1;
    ASSERT_EQ(plain_nodes(grower->grow(0, poll)->tree), whole);
  }
  EXPECT_GT(n_stopped, 0U);
}

}  // namespace
}  // namespace gpu_host::forest_test
