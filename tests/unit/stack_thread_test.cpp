#include "util/stack_thread.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <thread>

namespace gpu_host {
namespace {

// Touches `pages` pages of the stack.
int descend(int pages) {
  volatile char page[4096] = {};
  page[0] = static_cast<char>(pages);
  return pages == 0 ? page[0] : descend(pages - 1) + (page[0] != 0 ? 1 : 0);
}

TEST(RunOnStack, RunsOnAThreadWithThatStack) {
  const auto here = std::this_thread::get_id();
  auto there = here;
  ASSERT_TRUE(run_on_stack(64 << 20, [&] {
    there = std::this_thread::get_id();
    EXPECT_GT(descend(8000), 0);  // 32 MiB: more than most threads have
  }));
  EXPECT_NE(there, here);
}

TEST(RunOnStack, ThrowsWhatTheFunctionThrows) {
  EXPECT_THROW(static_cast<void>(run_on_stack(1 << 20, [] { throw std::runtime_error("no"); })), std::runtime_error);
}

TEST(RunOnStack, WithoutRoomIsAnError) {
  bool called = false;
  for (const std::size_t size : {std::size_t{0}, std::numeric_limits<std::size_t>::max() / 2}) {
    const auto ran = run_on_stack(size, [&] { called = true; });
    ASSERT_FALSE(ran);
    EXPECT_NE(ran.error().message.find("stack"), std::string::npos);
  }
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace gpu_host
