// The webgpu backend against a minimal WebGPU program on the same device, and on a GPU
// against times and the device's own copies.
#include <ctime>
#include <utility>

#include "array.hpp"
#include "gpu_loops.hpp"
#include "kernel_calls.hpp"

namespace gpu_host::bench {
namespace {

using Prepare = std::function<Sides(const DeviceEntry&)>;

constexpr double kMebibyte = 1 << 20;
// 64 MiB and 1 GiB of predictions, but for some rows.
constexpr std::uint32_t kRows = 2048;
constexpr std::uint32_t kCopies64M = 82;
constexpr std::uint32_t kCopies1G = 1310;
constexpr double kAverageRowBytes = (kAverageTrees + 1) * sizeof(float);

// Measured where there is a device of the kind.
void add(std::vector<Comparison>& comparisons, bool software_too, Comparison comparison, Prepare prepare) {
  comparison.name = "webgpu-" + comparison.name;
  comparison.prepare = [software_too, prepare = std::move(prepare)] {
    const DeviceEntry device = gpu_device("webgpu", software_too);
    Sides sides = prepare(device);
    sides.device = text_of(device);
    return sides;
  };
  comparisons.push_back(std::move(comparison));
}

void add_matmul(std::vector<Comparison>& comparisons, bool software_too, std::uint32_t size) {
  const std::string text = std::to_string(size);
  add(comparisons, software_too,
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

void add_64m(std::vector<Comparison>& comparisons) {
  const auto one = [&](const std::string& name, double bytes, const std::string& shader, Prepare prepare) {
    add(comparisons, true,
        {.name = name + "-64M",
         .ours = name + " over 64 MB",
         .reference = shader,
         .target = {TargetKind::speed_at_least, 0.5},
         .prepare = {},
         .work = {bytes, "B"}},
        std::move(prepare));
  };
  one("average", kAverageRowBytes * kRows * kCopies64M, "a shader with one thread per row", [](const auto& device) {
    return Sides{operation_of(average_loop(device, kRows, kCopies64M)),
                 webgpu_peer(device, "average", kRows * kCopies64M)};
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

void add_overheads(std::vector<Comparison>& comparisons) {
  constexpr std::uint32_t kSize = 1000;
  add(comparisons, true,
      {.name = "relu-1000",
       .ours = "one of 10 000 kernels in a row, over 1000 elements each",
       .reference = "the same, 64 in a submission, with bind groups made beforehand",
       .target = {TargetKind::ratio_at_most, 1.3},
       .prepare = {},
       .batch = 10'000},
      [](const DeviceEntry& device) {
        const Operation pairs = operation_of(small_loop(device, kSize));
        return Sides{[=](std::int64_t count) { return pairs(count / 2); }, webgpu_peer(device, "small", kSize)};
      });
  add(comparisons, true,
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
  add(comparisons, true,
      {.name = "read-4",
       .ours = "reading back 4 bytes",
       .reference = "the same",
       .target = {TargetKind::ratio_at_most, 1.3},
       .prepare = {},
       .batch = 100},
      [](const DeviceEntry& device) {
        const Call read{kCompute, "buffer-read", {1u, std::uint64_t{0}, 4u}};
        const auto loop = std::make_shared<GuestLoop>(DeviceChoice{.backend = device.backend, .index = device.index},
                                                      std::span(&read, 1), 8);
        loop->create(std::uint64_t{4});
        return Sides{operation_of(loop), webgpu_peer(device, "reading", 4)};
      });
}

// What a GPU has to reach.
void add_1g(std::vector<Comparison>& comparisons, bool software_too) {
  add_matmul(comparisons, software_too, 4096);
  // A copy moves each byte twice.
  const auto one = [&](const std::string& name, double bytes, std::uint32_t copied, auto loop) {
    add(comparisons, software_too,
        {.name = name + "-1G",
         .ours = name + " over 1 GB",
         .reference = "a copy on the device that moves as many bytes",
         .target = {TargetKind::speed_at_least, 0.8},
         .prepare = {},
         .work = {bytes, "B"}},
        [copied, loop](const DeviceEntry& device) {
          return Sides{operation_of(loop(device)), webgpu_peer(device, "copying", copied)};
        });
  };
  constexpr double kAverageBytes = kAverageRowBytes * kRows * kCopies1G;
  one("average", kAverageBytes, static_cast<std::uint32_t>(kAverageBytes / 8) * 4,
      [](const auto& device) { return average_loop(device, kRows, kCopies1G); });
  one("relu", 2048 * kMebibyte, 1u << 30, [](const auto& device) { return relu_loop(device, 1024); });
  one("sum", 1024 * kMebibyte, 1u << 29, [](const auto& device) { return sum_loop(device, 1024); });
}

void add_times(std::vector<Comparison>& comparisons, bool software_too) {
  const auto one = [&](const std::string& name, const std::string& ours, double limit, auto loop) {
    add(comparisons, software_too,
        {.name = name,
         .ours = ours + ", with the host calls and until the device is done",
         .reference = "",
         .target = {TargetKind::time_at_most, limit},
         .prepare = {}},
        [loop](const DeviceEntry& device) { return Sides{operation_of(loop(device)), {}}; });
  };
  one("matmul-1024", "matmul of 1024 × 1024", 0.5e-3,
      [](const auto& device) { return matmul_loop(device, {.size = 1024}); });
  one("bootstrap-10000", "bootstrap of 10 000", 0.1e-3,
      [](const auto& device) { return bootstrap_loop(device, 10'000); });
  one("average-1000x100", "average of 1000 rows of 100", 0.05e-3,
      [](const auto& device) { return average_loop(device, 1000, 1); });
  one("predict-100", "writing and predicting 100 rows with 200 trees, and reading the results", 5e-3,
      [](const auto& device) { return predict_loop(device, 100, 200); });
  one("predict-1000", "writing and predicting 1000 rows with 200 trees, and reading the results", 15e-3,
      [](const auto& device) { return predict_loop(device, 1000, 200); });
}

}  // namespace

void add_webgpu(std::vector<Comparison>& comparisons, const Environment& environment) {
  add_matmul(comparisons, true, 512);
  add_64m(comparisons);
  add_overheads(comparisons);
  add_1g(comparisons, environment.any_device);
  add_times(comparisons, environment.any_device);
}

}  // namespace gpu_host::bench
