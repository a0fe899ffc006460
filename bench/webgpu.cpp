// The webgpu backend against a minimal WebGPU program on the same device, and on a GPU
// against times and the device's own copies.
#include <ctime>
#include <utility>

#include "array.hpp"
#include "gpu_loops.hpp"
#include "kernel_calls.hpp"

namespace gpu_host::bench {
namespace {

constexpr double kMebibyte = 1 << 20;

void add_matmul(std::vector<Comparison>& comparisons, const DeviceKind& kind, std::uint32_t size) {
  const std::string text = std::to_string(size);
  add_on_device(comparisons, kind,
                {.name = "matmul-" + text,
                 .ours = "matmul of " + text + " × " + text,
                 .reference = "a shader with one thread per output",
                 .target = {TargetKind::speed_at_least, 2},
                 .prepare = {},
                 .work = {2.0 * size * size * size, "FLOP"}},
                [size](const DeviceEntry& device) {
                  return Sides{operation_of(matmul_loop(device, {.size = size})), webgpu_peer(device, "matmul", size)};
                });
}

void add_64m(std::vector<Comparison>& comparisons, const DeviceKind& kind) {
  // 64 MiB of predictions, but for some rows.
  constexpr std::uint32_t kRows = 2048;
  constexpr std::uint32_t kCopies = 82;
  const auto one = [&](const std::string& name, double bytes, const std::string& shader,
                       std::function<Sides(const DeviceEntry&)> prepare) {
    add_on_device(comparisons, kind,
                  {.name = name + "-64M",
                   .ours = name + " over 64 MB",
                   .reference = shader,
                   .target = {TargetKind::speed_at_least, 0.5},
                   .prepare = {},
                   .work = {bytes, "B"}},
                  std::move(prepare));
  };
  one("average", kAverageRowBytes * kRows * kCopies, "a shader with one thread per row", [](const auto& device) {
    return Sides{operation_of(average_loop(device, kRows, kCopies)), webgpu_peer(device, "average", kRows * kCopies)};
  });
  one("relu", 128 * kMebibyte, "a shader with one thread per element", [](const auto& device) {
    return Sides{operation_of(relu_loop(device, 64)), webgpu_peer(device, "relu", 16 << 20)};
  });
  one("sum", 64 * kMebibyte, "two passes of a grid-stride loop and a tree in each workgroup", [](const auto& device) {
    return Sides{operation_of(sum_loop(device, 64)), webgpu_peer(device, "sum", 16 << 20)};
  });
}

// CPU time that this thread has taken. A driver that spins where others sleep makes it longer.
double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void add_overheads(std::vector<Comparison>& comparisons, const DeviceKind& kind) {
  constexpr std::uint32_t kSize = 1000;
  add_on_device(comparisons, kind,
                {.name = "relu-1000",
                 .ours = "one of 10 000 kernels in a row, over 1000 elements each",
                 .reference = "the same, 64 in a submission, with bind groups made beforehand",
                 .target = {TargetKind::ratio_at_most, 1.3},
                 .prepare = {},
                 .batch = 10'000},
                [](const DeviceEntry& device) {
                  const Operation pairs = operation_of(small_loop(device, kSize));
                  return Sides{[=](std::int64_t count) { return pairs(count / 2); },
                               webgpu_peer(device, "small", kSize)};
                });
  add_on_device(comparisons, kind,
                {.name = "host-time-1000",
                 .ours = "the CPU time of the guest's thread for one of them: what is not the device's",
                 .reference = "",
                 .target = {TargetKind::time_at_most, 6e-6},
                 .prepare = {},
                 .batch = 10'000},
                [](const DeviceEntry& device) {
                  const Loop loop = small_loop(device, kSize);
                  const auto run = [loop](std::int64_t count) {
                    const double begin = thread_seconds();
                    loop->run(count / 2);
                    loop->sync();
                    return thread_seconds() - begin;
                  };
                  run(2);
                  return Sides{run, {}};
                });
  add_on_device(comparisons, kind,
                {.name = "read-4",
                 .ours = "reading back 4 bytes",
                 .reference = "the same",
                 .target = {TargetKind::ratio_at_most, 1.3},
                 .prepare = {},
                 .batch = 100},
                [](const DeviceEntry& device) {
                  const Call read{kCompute, "buffer-read", {1u, std::uint64_t{0}, 4u}};
                  const auto loop = std::make_shared<GuestLoop>(
                      DeviceChoice{.backend = device.backend, .index = device.index}, std::span(&read, 1), 8);
                  loop->create(std::uint64_t{4});
                  return Sides{operation_of(loop), webgpu_peer(device, "reading", 4)};
                });
}

// What a GPU has to reach.
void add_1g(std::vector<Comparison>& comparisons, const DeviceKind& kind) {
  const auto one = [&](const std::string& name, double bytes, MakeLoop loop) {
    add_1g(comparisons, kind, name, bytes, 0.8, std::move(loop), [](const auto& device, std::uint64_t array_bytes) {
      return webgpu_peer(device, "copying", static_cast<std::uint32_t>(array_bytes));
    });
  };
  one("average", kAverageBytes1G,
      [](const auto& device) { return average_loop(device, kAverageRows1G, kAverageCopies1G); });
  one("relu", 2048 * kMebibyte, [](const auto& device) { return relu_loop(device, 1024); });
  one("sum", 1024 * kMebibyte, [](const auto& device) { return sum_loop(device, 1024); });
}

void add_times(std::vector<Comparison>& comparisons, const DeviceKind& kind) {
  add_time(comparisons, kind, "matmul-1024", "matmul of 1024 × 1024", 0.5e-3,
           [](const auto& device) { return matmul_loop(device, {.size = 1024}); });
  add_time(comparisons, kind, "bootstrap-10000", "bootstrap of 10 000", 0.1e-3,
           [](const auto& device) { return bootstrap_loop(device, 10'000); });
  add_time(comparisons, kind, "average-1000x100", "average of 1000 rows of 100", 0.05e-3,
           [](const auto& device) { return average_loop(device, 1000, 1); });
  for (const auto& [rows, limit] : {std::pair{100u, 5e-3}, {1000u, 15e-3}}) {
    const std::string text = std::to_string(rows);
    add_time(comparisons, kind, "predict-" + text,
             "writing and predicting " + text + " rows with 200 trees, and reading the results", limit,
             [rows](const auto& device) { return predict_loop(device, rows, 200); });
  }
}

}  // namespace

void add_webgpu(std::vector<Comparison>& comparisons, const Environment& environment) {
  const DeviceKind any{.backend = "webgpu", .software_too = true};
  const DeviceKind gpu{.backend = "webgpu", .software_too = environment.any_device};
  add_matmul(comparisons, any, 512);
  add_64m(comparisons, any);
  add_overheads(comparisons, any);
  add_matmul(comparisons, gpu, 4096);
  add_1g(comparisons, gpu);
  add_times(comparisons, gpu);
}

}  // namespace gpu_host::bench
