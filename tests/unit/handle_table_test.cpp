#include "wasi_gpu/handle_table.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <set>

namespace gpu_host {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

// Counts how many of its kind there are.
class CountedBuffer final : public Buffer {
 public:
  CountedBuffer(std::uint64_t size, int& live) : Buffer(size, false), live_(live) { ++live_; }
  ~CountedBuffer() override { --live_; }

 private:
  int& live_;
};

class HandleTableTest : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Buffer> make(std::uint64_t size) {
    return std::make_unique<CountedBuffer>(size, live_);
  }
  // Inserts a buffer that counts with its size.
  static GpuResult<BufferId> insert(HandleTable& table, std::unique_ptr<Buffer> buffer) {
    const std::uint64_t size = buffer->size();
    return table.insert(buffer, size);
  }
  int live_ = 0;
};

TEST_F(HandleTableTest, GivesIdsFromOneAndNeverOneTwice) {
  HandleTable table(100, 10);
  for (BufferId expected = 1; expected <= 1000; ++expected) {
    const auto id = insert(table, make(100));
    ASSERT_TRUE(id);
    EXPECT_EQ(*id, expected);
    EXPECT_TRUE(table.remove(*id, "buffer"));
  }
  EXPECT_EQ(live_, 0);
}

TEST_F(HandleTableTest, FindsWhatIsLiveAndNothingElse) {
  HandleTable table(100, 10);
  auto buffer = make(4);
  Buffer* const expected = buffer.get();
  ASSERT_TRUE(insert(table, std::move(buffer)));
  EXPECT_EQ(*table.find(1, "a"), expected);
  for (const BufferId id : {BufferId{0}, BufferId{2}, std::numeric_limits<BufferId>::max()}) {
    const auto found = table.find(id, "input-a");
    ASSERT_FALSE(found) << id;
    EXPECT_EQ(found.error().code, GpuErrorCode::invalid_buffer);
    EXPECT_NE(found.error().message.find("input-a"), std::string::npos);
  }
}

TEST_F(HandleTableTest, RemoveGivesTheBufferOnce) {
  HandleTable table(100, 10);
  ASSERT_TRUE(insert(table, make(4)));
  EXPECT_TRUE(table.remove(1, "buffer"));
  EXPECT_EQ(live_, 0);
  EXPECT_EQ(table.remove(1, "buffer").error().code, GpuErrorCode::invalid_buffer);
  EXPECT_EQ(table.find(1, "buffer").error().code, GpuErrorCode::invalid_buffer);
  EXPECT_EQ(table.memory().used(), 0u);
}

TEST_F(HandleTableTest, AdmitsUpToTheByteQuota) {
  HandleTable table(100, 10);
  ASSERT_TRUE(insert(table, make(60)));
  EXPECT_TRUE(table.admit(40));
  EXPECT_EQ(table.admit(41).error().code, GpuErrorCode::out_of_memory);
  EXPECT_EQ(table.admit(kMax).error().code, GpuErrorCode::out_of_memory);
  EXPECT_EQ(table.admit(kMax - 59).error().code, GpuErrorCode::out_of_memory);  // 60 + this is 0 in 64 bits
  EXPECT_EQ(table.memory().used(), 60u);
  ASSERT_TRUE(insert(table, make(40)));
  EXPECT_EQ(table.admit(1).error().code, GpuErrorCode::out_of_memory);
  ASSERT_TRUE(table.remove(1, "buffer"));
  EXPECT_TRUE(table.admit(60));
}

TEST_F(HandleTableTest, AdmitsAnythingOnceWhereTheQuotaHasNoEnd) {
  HandleTable table(kMax, 10);
  EXPECT_TRUE(table.admit(kMax));
  ASSERT_TRUE(insert(table, make(1)));
  EXPECT_FALSE(table.admit(kMax));
  EXPECT_TRUE(table.admit(kMax - 1));
}

TEST_F(HandleTableTest, AdmitsUpToTheNumberOfBuffers) {
  HandleTable table(100, 2);
  ASSERT_TRUE(insert(table, make(1)));
  ASSERT_TRUE(insert(table, make(1)));
  EXPECT_EQ(table.admit(1).error().code, GpuErrorCode::out_of_memory);
  ASSERT_TRUE(table.remove(1, "buffer"));
  EXPECT_TRUE(table.admit(1));
}

TEST_F(HandleTableTest, RefusedInsertTakesNeitherIdNorBuffer) {
  HandleTable table(100, 10);
  auto refused = make(101);
  EXPECT_FALSE(table.insert(refused, 101));
  EXPECT_NE(refused, nullptr);
  refused.reset();
  EXPECT_EQ(insert(table, make(101)).error().code, GpuErrorCode::out_of_memory);
  EXPECT_EQ(live_, 0);
  EXPECT_EQ(*insert(table, make(100)), 1u);
}

TEST_F(HandleTableTest, EmbeddersMemoryCountsAsABufferOnly) {
  HandleTable table(0, 1);
  auto shared = make(100);
  EXPECT_TRUE(table.insert(shared, 0));
  EXPECT_EQ(table.memory().used(), 0U);
  EXPECT_FALSE(table.admit(0));
  EXPECT_TRUE(table.remove(1, "buffer"));
  EXPECT_EQ(table.memory().used(), 0U);
}

TEST_F(HandleTableTest, RemoveAnyEmptiesTheTable) {
  HandleTable table(100, 10);
  std::set<Buffer*> expected;
  for (int i = 0; i < 3; ++i) {
    auto buffer = make(10);
    expected.insert(buffer.get());
    ASSERT_TRUE(insert(table, std::move(buffer)));
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(expected.erase(table.remove_any().get()), 1u);
  EXPECT_EQ(table.remove_any(), nullptr);
  EXPECT_EQ(table.memory().used(), 0u);
  EXPECT_EQ(live_, 0);
}

}  // namespace
}  // namespace gpu_host
