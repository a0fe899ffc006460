#include "diagnosis/gpu_access.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "diagnosis/machine_facts.hpp"
#include "fake_root.hpp"

namespace gpu_host {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

auto is(Verdict verdict, const char* found, const char* remedy) {
  return AllOf(Field(&Finding::verdict, verdict), Field(&Finding::found, HasSubstr(found)),
               Field(&Finding::remedy, HasSubstr(remedy)));
}

// A machine with graphics devices of these makers.
class GpuAccess : public test::FakeRoot {
 protected:
  void SetUp() override {
    FakeRoot::SetUp();
    for (const char* const name : {"KUBERNETES_SERVICE_HOST", "container", "NVIDIA_DRIVER_CAPABILITIES"})
      unsetenv(name);
  }
  void add_pci(const std::string& address, const std::string& vendor, const std::string& device_class) {
    put("sys/bus/pci/devices/" + address + "/vendor", vendor + "\n");
    put("sys/bus/pci/devices/" + address + "/class", device_class + "\n");
  }
  void add_nvidia() {
    add_pci("0001:00:00.0", "0x10de", "0x030200");
    put("etc/vulkan/icd.d/nvidia_icd.json", "{}");
  }
  void add_nvidia_files() {
    for (const char* const name : {"dev/nvidia0", "dev/nvidiactl", "dev/nvidia-uvm"}) put(name, "");
  }
  void be_a_container() { put(".dockerenv", ""); }
  [[nodiscard]] MachineFacts facts() const { return machine_facts(root_); }
  [[nodiscard]] Finding gpus() const { return found_gpus(facts()); }
  [[nodiscard]] std::vector<Finding> findings(const GpuSuccess& success = {}) const {
    return check_gpu_access(facts(), success);
  }
};

TEST_F(GpuAccess, FindsGpusByTheirClassAndMaker) {
  add_pci("0000:00:01.0", "0x8086", "0x060000");  // a bridge
  add_pci("0000:00:02.0", "0x1a03", "0x030000");  // a server's console
  EXPECT_THAT(facts().gpus, IsEmpty());
  add_pci("0000:01:00.0", "0x10de", "0x030200");
  add_pci("0000:02:00.0", "0x10de", "0x030000");
  add_pci("0000:03:00.0", "0x1002", "0x038000");
  EXPECT_THAT(facts().gpus, ElementsAre(GpuMaker::nvidia, GpuMaker::amd));
}

TEST_F(GpuAccess, AcceleratorsAreGpusWhereTheirMakerIsAmd) {
  add_pci("0000:01:00.0", "0x8086", "0x120000");
  EXPECT_THAT(facts().gpus, IsEmpty());
  add_pci("0000:02:00.0", "0x1002", "0x120000");
  EXPECT_THAT(facts().gpus, ElementsAre(GpuMaker::amd));
}

TEST_F(GpuAccess, NoGpuIsNoFault) {
  EXPECT_THAT(gpus(), is(Verdict::note, "on the PCI bus", "none is needed"));
  EXPECT_THAT(findings(), IsEmpty());
  be_a_container();
  EXPECT_THAT(gpus(), is(Verdict::note, "on the PCI bus", "--gpus all"));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(GpuAccess, GpuThatCanBeReachedIsGood) {
  add_nvidia();
  add_nvidia_files();
  EXPECT_THAT(gpus(), is(Verdict::good, "NVIDIA", ""));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(GpuAccess, WhatDidNotKeepAGpuFromWorkingIsNoFault) {
  add_nvidia();
  EXPECT_THAT(findings(), ElementsAre(Field(&Finding::verdict, Verdict::fault)));
  EXPECT_THAT(findings({.any = true, .webgpu = true}), ElementsAre(Field(&Finding::verdict, Verdict::note)));
}

TEST_F(GpuAccess, DriverWhoseFilesAreNotMadeYetIsNoFault) {
  add_nvidia();
  put("proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module\n");
  EXPECT_THAT(findings(), ElementsAre(is(Verdict::note, "no device file yet", "nvidia-modprobe")));
}

TEST_F(GpuAccess, ContainerThatWasNotGivenTheGpuIsToldTheFlag) {
  add_nvidia();
  be_a_container();
  EXPECT_THAT(findings(), Contains(is(Verdict::fault, "this container was not given", "--gpus all")));
}

TEST_F(GpuAccess, GpuWithoutADriverNeedsOne) {
  add_nvidia();
  EXPECT_THAT(findings(), Contains(is(Verdict::fault, "its kernel module is not loaded", "install NVIDIA's driver")));
}

TEST_F(GpuAccess, ContainerWithoutGraphicsHasNoVulkan) {
  add_nvidia();
  add_nvidia_files();
  be_a_container();
  EXPECT_THAT(findings(), IsEmpty());  // where it is not set, something else may have given the GPU
  setenv("NVIDIA_DRIVER_CAPABILITIES", "compute,utility", 1);
  EXPECT_THAT(findings(), Contains(is(Verdict::note, "compute,utility, without graphics",
                                      "NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics")));
  setenv("NVIDIA_DRIVER_CAPABILITIES", "graphics", 1);
  EXPECT_THAT(findings(), Contains(is(Verdict::fault, "without compute", "compute,utility,graphics")));
  for (const char* const enough : {"all", "compute,utility,graphics"}) {
    setenv("NVIDIA_DRIVER_CAPABILITIES", enough, 1);
    EXPECT_THAT(findings(), Not(Contains(Field(&Finding::found, HasSubstr("without"))))) << enough;
  }
}

TEST_F(GpuAccess, ManifestOfVulkanIsMissed) {
  add_nvidia();
  add_nvidia_files();
  std::filesystem::remove(root_ / "etc/vulkan/icd.d/nvidia_icd.json");
  EXPECT_THAT(findings(), Contains(is(Verdict::note, "nvidia_icd.json", "Vulkan")));
  EXPECT_THAT(findings({.any = true, .webgpu = true}), IsEmpty());
  put("usr/share/vulkan/icd.d/nvidia_icd.json", "{}");
  EXPECT_THAT(findings(), IsEmpty());
}

// A folder is what root cannot open to write either.
TEST_F(GpuAccess, FilesThatDoNotOpenAreFaults) {
  add_nvidia();
  add_nvidia_files();
  std::filesystem::remove(root_ / "dev/nvidia-uvm");
  std::filesystem::create_directory(root_ / "dev/nvidia-uvm");
  EXPECT_THAT(findings(), Contains(is(Verdict::fault, "dev/nvidia-uvm cannot be opened: Is a directory", "chmod")));

  add_pci("0000:03:00.0", "0x1002", "0x030000");
  std::filesystem::create_directories(root_ / "dev/dri/renderD128");
  EXPECT_THAT(findings(), Contains(is(Verdict::fault, "renderD128 cannot be opened", "usermod -aG render")));
}

TEST_F(GpuAccess, OtherGpusNeedTheirRenderFile) {
  add_pci("0000:03:00.0", "0x1002", "0x030000");
  EXPECT_THAT(findings(), ElementsAre(is(Verdict::note, "/dev/dri/renderD*", "amdgpu")));
  be_a_container();
  EXPECT_THAT(findings(), ElementsAre(is(Verdict::note, "/dev/dri/renderD*", "--device /dev/dri")));
  std::filesystem::create_directories(root_ / "dev/dri/renderD128");
  EXPECT_THAT(findings(), ElementsAre(is(Verdict::fault, "renderD128 cannot be opened", "--group-add")));
  std::filesystem::remove(root_ / "dev/dri/renderD128");
  put("dev/dri/renderD128", "");
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(GpuAccess, WindowsHasItsOwnFile) {
  put("dev/dxg", "");
  EXPECT_THAT(gpus(), is(Verdict::good, "WSL", ""));
  EXPECT_THAT(findings(), IsEmpty());
}

}  // namespace
}  // namespace gpu_host
