// Indices that name no row.
#include <gtest/gtest.h>

#include "conformance/conformance.hpp"
#include "conformance/hostile.hpp"
#include "conformance/random.hpp"

namespace gpu_host::conformance {
namespace {

using Indices = std::vector<std::uint32_t>;

class ErrorsFindSplitTest : public ConformanceTest {
 protected:
  void expect_error(const FindSplitParams& params, std::uint64_t rows_told, std::size_t rows_there,
                    const Indices& indices) {
    const DeviceMemory data = upload(stream(), std::vector<float>(rows_there * params.n_features, 0.25F));
    const DeviceMemory labels = upload(stream(), std::vector<float>(rows_there, 1.0F));
    const DeviceMemory device_indices = upload(stream(), indices);
    const DeviceMemory thresholds = upload(stream(), std::vector<float>(params.n_thresholds, 0.5F));
    expect_kernel_error(stream(), params.n_thresholds, {"index", "indices"}, [&](Buffer& output) {
      return stream().find_split(params, rows_told, *data, *labels, *device_indices, *thresholds, output);
    });
  }
};

TEST_P(ErrorsFindSplitTest, AtEveryPosition) {
  for (std::uint32_t position = 0; position < 130; ++position) {
    SCOPED_TRACE(position);
    Indices indices = Random(position).indices(130, 50);
    indices[position] = position % 2 == 0 ? 50 : 0xffffffffU;
    expect_error({130, 3, 1, 4}, 50, 50, indices);
  }
}

TEST_P(ErrorsFindSplitTest, AmongMany) {
  for (const std::size_t position : {0U, 65'535U, 65'536U, 200'000U}) {
    SCOPED_TRACE(position);
    Indices indices = Random(1).indices(200'001, 1000);
    indices[position] = 1000;
    expect_error({200'001, 2, 0, 3}, 1000, 1000, indices);
  }
}

TEST_P(ErrorsFindSplitTest, AnyNumberOfThresholds) {
  for (const std::uint32_t thresholds : {0U, 1U, 64U, 65U, 300U}) {
    for (const std::size_t position : {0U, 15U, 16U, 511U, 512U, 8192U, 49'999U}) {
      SCOPED_TRACE(testing::Message() << thresholds << " thresholds, position " << position);
      Indices indices = Random(2).indices(50'000, 1000);
      indices[position] = 1000;
      expect_error({50'000, 2, 1, thresholds}, 1000, 1000, indices);
    }
  }
}

TEST_P(ErrorsFindSplitTest, FarOutside) {
  for (const std::uint32_t index : {3U, 4U, 0x3fffffffU, 0x40000000U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
    SCOPED_TRACE(index);
    expect_error({2, 4, 3, 1}, 3, 3, {0, index});
  }
}

TEST_P(ErrorsFindSplitTest, RowsThatOnlyOneOfTheBuffersHolds) { expect_error({2, 1, 0, 1}, 3, 8, {0, 3}); }

TEST_P(ErrorsFindSplitTest, ATableWithoutRows) { expect_error({1, 5, 2, 1}, 0, 0, {0}); }

INSTANTIATE_TEST_SUITE_P(Backends, ErrorsFindSplitTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
