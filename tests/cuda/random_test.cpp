// Random numbers of cuRAND. The fake one's are not NVIDIA's: what is tested is what is asked of it.
#include "backend/cuda/random.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "backend/cuda/libraries.hpp"
#include "cuda_test.hpp"

namespace gpu_host::cuda {
namespace {

constexpr const char* kPath = "WASMTIME_GPU_HOST_CUDA_PATH";

constexpr std::uint64_t kAtOnce = std::uint64_t{1} << 33U;

// A queue on the first device, with room for numbers. `max_work`: how many each call of the library makes.
class Numbers {
 public:
  explicit Numbers(std::uint64_t room, std::uint64_t max_work = kAtOnce, const Interrupt* interrupt = nullptr)
      : gpu_(open(max_work)), current_(*gpu_), queue_(*gpu_, {.interrupt = interrupt}), values_(room, kUntouched) {
    EXPECT_TRUE(queue_.prepare().has_value());
    memory_ = queue_.allocate(bytes()).value();
    EXPECT_EQ(driver().MemcpyHtoDAsync_v2(memory_.address(), values_.data(), bytes(), queue_.stream()), CUDA_SUCCESS);
  }
  Numbers(const Numbers&) = delete;
  Numbers& operator=(const Numbers&) = delete;
  ~Numbers() { queue_.finish(); }

  static constexpr float kUntouched = -7.0F;

  // Those in [begin, begin + n); the others stay as they are.
  GpuResult<void> fill(std::uint64_t begin, std::uint64_t n, std::uint64_t seed) {
    return fill_uniform(queue_, memory_.address() + begin * sizeof(float), n, seed);
  }
  const std::vector<float>& values() {
    EXPECT_EQ(driver().MemcpyDtoHAsync_v2(values_.data(), memory_.address(), bytes(), queue_.stream()), CUDA_SUCCESS);
    EXPECT_TRUE(queue_.wait_for_stream().has_value());
    return values_;
  }

 private:
  static std::shared_ptr<Gpu> open(std::uint64_t max_work) {
    GpuLimits limits = found_devices()->front().limits;
    limits.max_work = max_work;
    return Gpu::open(found_devices()->front().device, limits).value();
  }
  [[nodiscard]] std::size_t bytes() const { return values_.size() * sizeof(float); }

  std::shared_ptr<Gpu> gpu_;
  CurrentContext current_;
  Queue queue_;
  DeviceMemory memory_;
  std::vector<float> values_;
};

std::vector<float> uniform(std::uint64_t n, std::uint64_t seed, std::uint64_t max_work = kAtOnce) {
  Numbers numbers(n, max_work);
  const auto filled = numbers.fill(0, n, seed);
  EXPECT_TRUE(filled.has_value()) << filled.error().message;
  return numbers.values();
}

using RandomTest = CudaTest;

TEST_F(RandomTest, NumbersAreSpreadOverTheirRange) {
  constexpr std::uint64_t kSize = 100'000;
  const std::vector<float> values = uniform(kSize, 1);
  const auto [least, most] = std::ranges::minmax_element(values);
  EXPECT_GT(*least, 0.0F);
  EXPECT_LT(*least, 0.001F);
  EXPECT_LE(*most, 1.0F);
  EXPECT_GT(*most, 0.999F);
  // Six standard deviations of the means, at most.
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / kSize;
  EXPECT_NEAR(mean, 0.5, 6 * std::sqrt(1.0 / 12 / kSize));
  const double squares = std::inner_product(values.begin(), values.end(), values.begin(), 0.0) / kSize;
  EXPECT_NEAR(squares, 1.0 / 3, 6 * std::sqrt(4.0 / 45 / kSize));
  double neighbours = 0;
  for (std::size_t i = 1; i < values.size(); ++i) neighbours += (values[i - 1] - mean) * (values[i] - mean);
  EXPECT_NEAR(neighbours / kSize, 0, 6.0 / 12 / std::sqrt(kSize));
}

TEST_F(RandomTest, SeedsDecide) {
  const std::vector<float> values = uniform(1000, 42);
  EXPECT_EQ(uniform(1000, 42), values);
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{43}, (std::uint64_t{1} << 32U) + 42}) {
    EXPECT_NE(uniform(1000, seed), values) << seed;
  }
}

TEST_F(RandomTest, FillsWhatItIsToldTo) {
  constexpr std::uint64_t kRoom = 2000;
  for (const std::uint64_t begin : {0, 1, 3}) {
    for (const std::uint64_t n : {0, 1, 2, 3, 255, 1001}) {
      Numbers numbers(kRoom);
      ASSERT_TRUE(numbers.fill(begin, n, 5).has_value());
      const std::vector<float>& values = numbers.values();
      for (std::uint64_t i = 0; i < kRoom; ++i) {
        const bool is_filled = i >= begin && i < begin + n;
        ASSERT_EQ(values[i] != Numbers::kUntouched, is_filled) << begin << " + " << n << ": " << i;
      }
    }
  }
}

TEST_F(RandomTest, WorkInPiecesIsTheSame) { EXPECT_EQ(uniform(1001, 9, 64), uniform(1001, 9)); }

TEST_F(RandomTest, RefusedCallIsAKernelError) {
  Numbers numbers(1000);
  fake().fail("enqueue", CUDA_ERROR_INVALID_VALUE, 1, false);
  expect_error(numbers.fill(0, 1000, 1), GpuErrorCode::kernel_error, "curandGenerateUniform: status 201");
  EXPECT_TRUE(numbers.fill(0, 1000, 1).has_value());
}

TEST_F(RandomTest, LostDeviceIsNamed) {
  Numbers numbers(1000);
  fake().fail("enqueue", CUDA_ERROR_LAUNCH_FAILED, 1, true);
  fake().fail("StreamQuery", CUDA_ERROR_LAUNCH_FAILED, 1, false);
  expect_error(numbers.fill(0, 1000, 1), GpuErrorCode::device_unavailable, "CUDA_ERROR_LAUNCH_FAILED");
  fake().heal();
  expect_error(numbers.fill(0, 1000, 1), GpuErrorCode::device_unavailable, "CUDA_ERROR_LAUNCH_FAILED");
}

TEST_F(RandomTest, InterruptEndsIt) {
  Interrupt interrupt;
  Numbers numbers(1000, 64, &interrupt);
  interrupt.request();
  expect_error(numbers.fill(0, 1000, 1), GpuErrorCode::kernel_error, "interrupted");
}

// The library is looked for once in a process. These suites run before the others, each test in a process that is
// forked: there the variable names a folder of the test's own.
class CurandDeathTest : public CudaTest {
 protected:
  void SetUp() override {
    CudaTest::SetUp();
    fakes_ = std::getenv(kPath);
    folder_ = std::filesystem::path(testing::TempDir()) / ("wgh-curand-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    (void)setenv(kPath, folder_.c_str(), 1);
  }
  void TearDown() override {
    (void)setenv(kPath, fakes_.c_str(), 1);
    std::filesystem::remove_all(folder_);
    CudaTest::TearDown();
  }

  [[nodiscard]] std::filesystem::path library() const { return folder_ / "libcurand.so.10"; }
  [[nodiscard]] const std::filesystem::path& fakes() const { return fakes_; }
  static bool is_elsewhere() { return open_library({"libcurand.so.10"}, "curand").has_value(); }

  // Ends the process, with the error as its last words.
  [[noreturn]] static void fill_and_exit() {
    Numbers numbers(10);
    const auto filled = numbers.fill(0, 10, 1);
    (void)std::fputs(filled ? "filled" : describe(filled.error()).c_str(), stderr);
    std::_Exit(filled ? 0 : 1);
  }

 private:
  std::filesystem::path fakes_;
  std::filesystem::path folder_;
};

TEST_F(CurandDeathTest, ThatIsMissingIsNamed) {
  if (is_elsewhere()) GTEST_SKIP() << "this machine has cuRAND";
  EXPECT_EXIT(fill_and_exit(), testing::ExitedWithCode(1),
              "device-unavailable: libcurand.so.10 was not found in .*pip install nvidia-curand-cu12");
}

TEST_F(CurandDeathTest, ThatIsBrokenIsNamed) {
  std::ofstream(library()) << "not a library";
  if (is_elsewhere()) GTEST_SKIP() << "this machine has cuRAND";
  EXPECT_EXIT(fill_and_exit(), testing::ExitedWithCode(1),
              "device-unavailable: libcurand.so.10 cannot be opened: .*" + library().string());
}

TEST_F(CurandDeathTest, WithoutItsFunctionsIsNotUsed) {
  std::filesystem::create_symlink(fakes() / "libcublas.so.12", library());
  EXPECT_EXIT(fill_and_exit(), testing::ExitedWithCode(1),
              "device-unavailable: cuRAND has no function curandCreateGenerator");
}

}  // namespace
}  // namespace gpu_host::cuda
