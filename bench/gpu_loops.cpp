#include "gpu_loops.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "array.hpp"
#include "forest.hpp"
#include "kernel_calls.hpp"
#include "process.hpp"

namespace gpu_host::bench {
namespace {

constexpr std::uint32_t kMebibyte = 1 << 20;
constexpr std::uint32_t kPattern = kMebibyte / sizeof(float);

Loop make_loop(const DeviceChoice& device, const std::vector<Call>& calls, std::uint64_t block_bytes,
               MatmulPrecision precision = MatmulPrecision::tf32) {
  return std::make_shared<GuestLoop>(device, calls, static_cast<std::uint32_t>(block_bytes), precision);
}

DeviceChoice choice_of(const DeviceEntry& device) { return {.backend = device.backend, .index = device.index}; }

Array<float> results(GuestLoop& loop, BufferId buffer, std::size_t size) {
  loop.run(1);
  Array<float> values(size);
  loop.read(buffer, values.bytes());
  return values;
}

// Written so that NaN does not pass.
void check(double value, double expected, double tolerance) {
  if (!(std::abs(value - expected) <= tolerance * std::max(1.0, std::abs(expected)))) {
    throw std::runtime_error("a wrong result");
  }
}

}  // namespace

DeviceEntry gpu_device(const DeviceKind& kind) {
  std::string reason = fmt::format("no {} device", kind.backend);
  for (DeviceEntry& device : list_devices()) {
    if (device.backend != kind.backend) continue;
    if (device.info && (device.info->is_hardware || kind.software_too)) return std::move(device);
    reason = device.info ? device.info->name + " is software (--any-device)" : device.reason;
  }
  throw Skipped(reason);
}

std::string text_of(const DeviceEntry& device) {
  return device.backend + ": " + device.info->name + ", " + device.details;
}

void require_memory(const DeviceEntry& device, double bytes) {
  constexpr double kOther = 512.0 * kMebibyte;
  const auto total = static_cast<double>(device.info->total_memory);
  if (total != 0 && total < bytes + kOther) {
    throw Skipped(fmt::format("needs {:.0f} MiB, {} has {:.0f} MiB", (bytes + kOther) / kMebibyte, device.info->name,
                              total / kMebibyte));
  }
}

Operation webgpu_peer(const DeviceEntry& device, const std::string& work, std::uint32_t size) {
  auto peer = std::make_shared<Process>(
      std::vector<std::string>{beside(WGH_WEBGPU_PEER), std::to_string(device.index), work, std::to_string(size)});
  return [peer = std::move(peer)](std::int64_t count) { return std::stod(peer->ask(std::to_string(count))); };
}

Loop bootstrap_loop(const DeviceEntry& device, std::uint32_t size) {
  const Call bootstrap{kMlKernels, "kernel-bootstrap-sample", {size, 42u, size, 1u}};
  Loop loop = make_loop(choice_of(device), {bootstrap, sync()}, 0);
  loop->create(std::uint64_t{size} * sizeof(std::uint32_t));
  return loop;
}

Loop matmul_loop(const DeviceEntry& device, const MatmulLoop& matmul) {
  const std::uint32_t size = matmul.size;
  const std::uint64_t elements = std::uint64_t{size} * size;
  const auto data = random_floats(std::min<std::uint64_t>(elements, kPattern), matmul.least, 1);
  const auto copies = static_cast<std::uint32_t>(elements / data.size());
  std::vector<Call> calls{{kMlKernels, "kernel-matmul", {size, size, size, 0u, 0u, 1.0F, 0.0F, 1u, 2u, 3u}}};
  if (matmul.waits) calls.push_back(sync());
  Loop loop = make_loop(choice_of(device), calls, data.bytes().size(), matmul.precision);
  loop->create(data.bytes(), copies);
  loop->create(data.bytes(), copies);
  loop->create(elements * sizeof(float));
  const Array<float> c = results(*loop, 3, elements);
  for (std::size_t i = 0; i < elements; i += elements / 100 + 1) {
    const std::size_t row = i / size * size;
    double sum = 0;
    for (std::size_t k = 0; k < size; ++k) {
      sum += double{data[(row + k) % data.size()]} * data[(k * size + i % size) % data.size()];
    }
    check(c[i], sum, matmul.tolerance);
  }
  return loop;
}

Loop average_loop(const DeviceEntry& device, std::uint32_t rows, std::uint32_t copies) {
  const auto data = random_floats(std::size_t{rows} * kAverageTrees, 0, 1);
  const Call average{kMlKernels, "kernel-average", {kAverageTrees, rows * copies, 1u, 2u}};
  Loop loop = make_loop(choice_of(device), {average, sync()}, data.bytes().size());
  loop->create(data.bytes(), copies);
  loop->create(std::uint64_t{rows} * copies * sizeof(float));
  const Array<float> means = results(*loop, 2, std::size_t{rows} * copies);
  for (std::size_t row = 0; row < means.size(); ++row) {
    const float* const values = &data[row % rows * kAverageTrees];
    double sum = 0;
    for (std::size_t k = 0; k < kAverageTrees; ++k) sum += values[k];
    check(means[row], sum / kAverageTrees, 1e-5);
  }
  return loop;
}

Loop relu_loop(const DeviceEntry& device, std::uint32_t mebibytes) {
  const std::uint32_t size = mebibytes * kPattern;
  const auto data = random_floats(kPattern, -1, 1);
  Loop loop = make_loop(choice_of(device), {unary(Elementwise::relu, size, 1, 2), sync()}, kMebibyte);
  loop->create(data.bytes(), mebibytes);
  loop->create(std::uint64_t{mebibytes} * kMebibyte);
  const Array<float> out = results(*loop, 2, size);
  for (std::size_t i = 0; i < size; ++i) check(out[i], std::max(data[i % kPattern], 0.0F), 0);
  return loop;
}

Loop sum_loop(const DeviceEntry& device, std::uint32_t mebibytes) {
  const auto data = random_floats(kPattern, 0, 1);
  Loop loop = make_loop(choice_of(device), {sum(mebibytes * kPattern, 1, 2), sync()}, kMebibyte);
  loop->create(data.bytes(), mebibytes);
  loop->create(sizeof(float));
  double expected = 0;
  for (const float value : data) expected += value;
  check(results(*loop, 2, 1)[0], expected * mebibytes, 1e-5);
  return loop;
}

Loop add_loop(const DeviceEntry& device, std::uint32_t mebibytes) {
  const std::uint32_t size = mebibytes * kPattern;
  const auto data = random_floats(kPattern, -1, 1);
  Loop loop = make_loop(choice_of(device), {binary(Elementwise::add, size, 1, 2, 3), sync()}, kMebibyte);
  for (int input = 0; input < 2; ++input) loop->create(data.bytes(), mebibytes);
  loop->create(std::uint64_t{mebibytes} * kMebibyte);
  const Array<float> out = results(*loop, 3, size);
  for (std::size_t i = 0; i < size; ++i) check(out[i], 2 * data[i % kPattern], 0);
  return loop;
}

Loop small_loop(const DeviceEntry& device, std::uint32_t size) {
  const auto data = random_floats(size, -1, 1);
  Loop loop = make_loop(choice_of(device), {unary(Elementwise::relu, size, 1, 2), unary(Elementwise::relu, size, 2, 1)},
                        data.bytes().size());
  loop->create(data.bytes());
  loop->create(std::uint64_t{data.bytes().size()});
  return loop;
}

Loop find_split_loop(const DeviceEntry& device, std::uint32_t rows, std::uint32_t thresholds) {
  constexpr std::uint32_t kFeatures = 10;
  const auto data = random_floats(std::size_t{rows} * kFeatures, 0, 1);
  const auto labels = random_floats(rows, 0, 100);
  const Array<std::uint32_t> indices(rows);
  std::iota(indices.begin(), indices.end(), 0u);
  std::shuffle(indices.begin(), indices.end(), std::mt19937(1));
  const auto values = random_floats(thresholds, 0, 1);
  const Call split{kMlKernels, "kernel-find-split", {rows, kFeatures, 3u, thresholds, 1u, 2u, 3u, 4u, 5u}};
  const auto loop_on = [&](const DeviceChoice& where) {
    Loop loop = make_loop(where, {split, sync()}, data.bytes().size());
    loop->create(data.bytes());
    loop->create(labels.bytes());
    loop->create(indices.bytes());
    loop->create(values.bytes());
    loop->create(values.bytes().size());
    return loop;
  };
  Loop loop = loop_on(choice_of(device));
  const Array<float> ours = results(*loop, 5, thresholds);
  const Array<float> expected = results(*loop_on({.backend = "cpu"}), 5, thresholds);
  for (std::size_t i = 0; i < thresholds; ++i) check(ours[i], expected[i], 1e-5);
  return loop;
}

Loop copy_loop(const DeviceEntry& device, const std::string& function, std::uint32_t bytes) {
  std::vector<Argument> arguments{1u, std::uint64_t{0}};
  if (function == "buffer-write") arguments.emplace_back(kBlock);
  arguments.emplace_back(bytes);
  Loop loop = make_loop(choice_of(device), {{kCompute, function, std::move(arguments)}, sync()}, bytes);
  loop->create(std::uint64_t{bytes});
  return loop;
}

Loop predict_loop(const DeviceEntry& device, std::uint32_t rows, std::uint32_t trees) {
  constexpr std::uint32_t kDepth = 12;
  constexpr std::uint32_t kFeatures = 20;
  const Forest forest = make_forest(trees, kDepth, rows, kFeatures);
  // The predictions come to the block's start.
  const std::uint32_t predictions = rows * static_cast<std::uint32_t>(sizeof(float));
  const std::uint32_t place = (predictions + 7) / 8 * 8;
  const auto row_bytes = static_cast<std::uint32_t>(forest.rows.bytes().size());
  const std::vector<Call> calls{{kCompute, "buffer-write", {1u, std::uint64_t{0}, kBlock + place, row_bytes}},
                                {kMlKernels, "kernel-batch-predict", {rows, kFeatures, trees, kDepth, 1u, 2u, 3u, 4u}},
                                {kCompute, "buffer-read", {4u, std::uint64_t{0}, predictions}}};
  const auto loop_on = [&](const DeviceChoice& where) {
    Loop loop = make_loop(where, calls, std::max<std::uint64_t>(place + row_bytes, forest.nodes.bytes().size()));
    loop->create(row_bytes);
    loop->create(forest.nodes.bytes());
    loop->create(forest.offsets.bytes());
    loop->create(predictions);
    loop->set_block(place, forest.rows.bytes());
    return loop;
  };
  Loop loop = loop_on(choice_of(device));
  const Array<float> ours = results(*loop, 4, rows);
  const Array<float> expected = results(*loop_on({.backend = "cpu"}), 4, rows);
  for (std::size_t row = 0; row < rows; ++row) check(ours[row], expected[row], 1e-5);
  return loop;
}

void add_on_device(std::vector<Comparison>& comparisons, const DeviceKind& kind, Comparison comparison,
                   std::function<Sides(const DeviceEntry&)> prepare) {
  comparison.name = fmt::format("{}-{}", kind.backend, comparison.name);
  comparison.prepare = [kind, prepare = std::move(prepare)] {
    const DeviceEntry device = gpu_device(kind);
    Sides sides = prepare(device);
    sides.device = text_of(device);
    return sides;
  };
  comparisons.push_back(std::move(comparison));
}

void add_time(std::vector<Comparison>& comparisons, const DeviceKind& kind, const std::string& name,
              const std::string& ours, double limit, MakeLoop loop) {
  add_on_device(comparisons, kind,
                {.name = name,
                 .ours = ours + ", with the host calls and until the device is done",
                 .reference = "",
                 .target = {TargetKind::time_at_most, limit},
                 .prepare = {}},
                [loop = std::move(loop)](const DeviceEntry& device) { return Sides{operation_of(loop(device)), {}}; });
}

void add_1g(std::vector<Comparison>& comparisons, const DeviceKind& kind, const std::string& name, double bytes,
            double limit, MakeLoop loop, MakeCopy copy) {
  add_on_device(comparisons, kind,
                {.name = name + "-1G",
                 .ours = name + " over 1 GB",
                 .reference = "a copy on the device that moves as many bytes",
                 .target = {TargetKind::speed_at_least, limit},
                 .prepare = {},
                 .work = {bytes, "B"}},
                [bytes, loop = std::move(loop), copy = std::move(copy)](const DeviceEntry& device) {
                  require_memory(device, 2 * bytes);
                  return Sides{operation_of(loop(device)), copy(device, static_cast<std::uint64_t>(bytes / 8) * 4)};
                });
}

}  // namespace gpu_host::bench
