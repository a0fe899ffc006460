#include "diagnosis/advice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace gpu_host {
namespace {

using testing::HasSubstr;

std::string guide_of(std::string_view backend) {
  std::ifstream file(std::string(WGH_SOURCE_DIR) + "/docs/" + std::string(backend) + ".md");
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Advice, IsWhatTheGuidesTreat) {
  for (const Advice& advice : all_advice()) {
    EXPECT_THAT(guide_of(advice.backend), HasSubstr(std::string(advice.says)));
    EXPECT_NE(advice.remedy, "");
  }
}

TEST(Advice, IsOfTheReasonAndItsBackend) {
  EXPECT_THAT(advice_for("cuda", "NVIDIA's driver does not start: CUDA_ERROR_UNKNOWN: unknown error; see …").remedy,
              HasSubstr("nvidia-modprobe"));
  EXPECT_THAT(advice_for("webgpu", "Vulkan lists no device: install …").remedy, HasSubstr("mesa-vulkan-drivers"));
  EXPECT_TRUE(advice_for("webgpu", "Vulkan lists no device: install …").is_absence);
  EXPECT_FALSE(advice_for("cuda", "libcuda.so.1 cannot be opened: …").is_absence);
}

TEST(Advice, IsToReadTheGuideWhereNothingIsKnown) {
  EXPECT_THAT(advice_for("cuda", "never heard of").remedy, HasSubstr("docs/cuda.md"));
  EXPECT_THAT(advice_for("webgpu", "Vulkan lists no device").remedy, testing::Not(HasSubstr("docs/cuda.md")));
  EXPECT_THAT(advice_for("cuda", "Vulkan lists no device").remedy, HasSubstr("docs/cuda.md"));
}

}  // namespace
}  // namespace gpu_host
