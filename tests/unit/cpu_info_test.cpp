#include "backend/cpu/cpu_info.hpp"

#include "fake_root.hpp"

namespace gpu_host::cpu {
namespace {

using CpuInfo = test::FakeRoot;

TEST_F(CpuInfo, NamesTheProcessorAndItsMemory) {
  const DeviceInfo info = cpu_info(root_.string());
  EXPECT_EQ(info.name, "Some Processor 9000");
  EXPECT_EQ(info.backend, "cpu");
  EXPECT_EQ(info.total_memory, 1024000U);
  EXPECT_FALSE(info.is_hardware);
}

TEST_F(CpuInfo, FallsBackToTheArchitecture) {
  put("proc/cpuinfo", "processor\t: 0\n");
  const DeviceInfo info = cpu_info(root_.string());
  EXPECT_FALSE(info.name.empty());
  EXPECT_EQ(info.name, info.compute_capability);
}

}  // namespace
}  // namespace gpu_host::cpu
