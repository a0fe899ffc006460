#include "util/machine_memory.hpp"

#include "fake_root.hpp"

namespace gpu_host {
namespace {

class MachineMemoryTest : public test::FakeRoot {
 protected:
  std::uint64_t total() { return machine_memory(root_.string()).total; }
  std::uint64_t available() { return machine_memory(root_.string()).available; }
};

TEST_F(MachineMemoryTest, IsWhatTheMachineTells) {
  EXPECT_EQ(total(), 1024000U);
  EXPECT_EQ(available(), 614400U);
}

TEST_F(MachineMemoryTest, IsKnownWithoutMeminfo) {
  std::filesystem::remove(root_ / "proc/meminfo");
  EXPECT_GT(total(), 1024000U);
  EXPECT_EQ(available(), total());
}

TEST_F(MachineMemoryTest, KeepsToTheLeastLimitOfVersion2Groups) {
  put("proc/self/cgroup", "0::/outer/inner\n");
  put("sys/fs/cgroup/outer/inner/memory.max", "max\n");
  EXPECT_EQ(total(), 1024000U);
  put("sys/fs/cgroup/outer/memory.max", "5000\n");
  EXPECT_EQ(total(), 5000U);
  EXPECT_EQ(available(), 5000U);
  put("sys/fs/cgroup/memory.max", "4000\n");
  EXPECT_EQ(total(), 4000U);
}

TEST_F(MachineMemoryTest, KeepsToTheLimitOfVersion1Groups) {
  put("proc/self/cgroup", "5:devices:/x\n4:memory:/box\n0::/\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(total(), 1024000U);
  put("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "6000\n");
  EXPECT_EQ(total(), 6000U);
}

}  // namespace
}  // namespace gpu_host
