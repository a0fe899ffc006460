// The same call gives the same bits: again, on another stream, and while other
// threads use the device.
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "conformance/conformance.hpp"
#include "conformance/device_memory.hpp"
#include "conformance/forest_data.hpp"

namespace gpu_host::conformance {
namespace {

// Sizes that are spread over threads or blocks.
std::vector<float> run_every_kernel(Stream& stream) {
  Random random(1);
  std::vector<float> all;
  const auto run = [&](std::size_t count, const auto& launch) {
    const std::vector<float> got = run_kernel<float>(stream, count, launch);
    all.insert(all.end(), got.begin(), got.end());
  };

  const DeviceMemory values = upload(stream, random.floats(300'007, -1, 3));
  for (const ReduceOp op : {ReduceOp::sum, ReduceOp::mean, ReduceOp::variance}) {
    run(1, [&](Buffer& output) { return stream.reduce({300'007, op}, *values, output); });
  }
  for (const ElementwiseOp op : {ElementwiseOp::sigmoid, ElementwiseOp::tanh, ElementwiseOp::exp}) {
    run(70'001, [&](Buffer& output) { return stream.elementwise({70'001, op}, *values, nullptr, output); });
  }
  run(3000, [&](Buffer& output) { return stream.average({100, 3000}, *values, output); });
  run(130 * 120,
      [&](Buffer& output) { return stream.matmul({130, 140, 120, true, false, 1, 0}, *values, *values, output); });

  const DeviceMemory indices = upload(stream, random.indices(50'000, 100'000));
  const DeviceMemory thresholds = upload(stream, random.floats(20, 0, 2));
  run(20, [&](Buffer& output) {
    return stream.find_split({50'000, 3, 1, 20}, 100'000, *values, *values, *indices, *thresholds, output);
  });

  const Forest forest = random_forest(random, 30, 4, 8);
  const DeviceMemory nodes = upload(stream, forest.nodes);
  const DeviceMemory offsets = upload(stream, forest.offsets);
  run(5000, [&](Buffer& output) { return stream.batch_predict({5000, 4, 30, 8}, *values, *nodes, *offsets, output); });
  return all;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

using RepeatabilityTest = ConformanceTest;

TEST_P(RepeatabilityTest, AgainAndOnAnotherStream) {
  const std::vector<float> first = run_every_kernel(stream());
  EXPECT_TRUE(same_bits(run_every_kernel(stream()), first));
  EXPECT_TRUE(same_bits(run_every_kernel(*new_stream()), first));
}

TEST_P(RepeatabilityTest, OnStreamsOfSeveralThreads) {
  constexpr std::size_t kThreads = 4;
  const std::vector<float> expected = run_every_kernel(stream());
  std::vector<std::unique_ptr<Stream>> streams;
  for (std::size_t i = 0; i < kThreads; ++i) streams.push_back(new_stream());
  std::vector<std::vector<float>> got(kThreads);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] { got[i] = run_every_kernel(*streams[i]); });
    }
  }
  for (const std::vector<float>& one : got) EXPECT_TRUE(same_bits(one, expected));
}

INSTANTIATE_TEST_SUITE_P(Backends, RepeatabilityTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
