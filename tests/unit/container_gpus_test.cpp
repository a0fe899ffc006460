#include "util/container_gpus.hpp"

#include <cstdlib>

#include "fake_root.hpp"

namespace gpu_host {
namespace {

class ContainerGpus : public test::FakeRoot {
 protected:
  void TearDown() override {
    unsetenv("NVIDIA_VISIBLE_DEVICES");
    FakeRoot::TearDown();
  }
  [[nodiscard]] bool misses_where(const char* asked) const {
    setenv("NVIDIA_VISIBLE_DEVICES", asked, 1);
    return misses_its_gpus(root_);
  }
};

TEST_F(ContainerGpus, AreMissedWhereTheImageAsksForThem) {
  EXPECT_TRUE(misses_where("all"));
  EXPECT_TRUE(misses_where("0,1"));
}

TEST_F(ContainerGpus, AreNotMissedWhereNobodyAsks) {
  for (const char* const nobody : {"", "none", "void"}) EXPECT_FALSE(misses_where(nobody)) << nobody;
  unsetenv("NVIDIA_VISIBLE_DEVICES");
  EXPECT_FALSE(misses_its_gpus(root_));
}

TEST_F(ContainerGpus, AreNotMissedWhereTheyAre) {
  put("dev/nvidiactl", "");
  EXPECT_FALSE(misses_where("all"));
}

TEST_F(ContainerGpus, OfWindowsAreGpusToo) {
  put("dev/dxg", "");
  EXPECT_FALSE(misses_where("all"));
}

}  // namespace
}  // namespace gpu_host
