// The cuda backend against cuBLAS and the driver called directly, on the same device, and
// against times.
#include <utility>

#include "cuda_peer.hpp"
#include "gpu_loops.hpp"

namespace gpu_host::bench {
namespace {

constexpr double kMebibyte = 1 << 20;
constexpr std::uint32_t kTransfer = 256 << 20;
constexpr DeviceKind kCuda{.backend = "cuda"};

void add_times(std::vector<Comparison>& comparisons) {
  const auto one = [&](const std::string& name, const std::string& ours, double limit, MakeLoop loop) {
    add_time(comparisons, kCuda, name, ours, limit, std::move(loop));
  };
  // Inputs above 0, so that what TF32 leaves out of them is small beside the results.
  one("matmul-1024", "matmul of 1024 × 1024", 0.1e-3, [](const auto& device) {
    require_blas();
    return matmul_loop(device, {.size = 1024, .least = 0, .tolerance = 2e-3});
  });
  one("bootstrap-10000", "bootstrap of 10 000", 0.02e-3,
      [](const auto& device) { return bootstrap_loop(device, 10'000); });
  one("average-1000x100", "average of 1000 rows of 100", 0.02e-3,
      [](const auto& device) { return average_loop(device, 1000, 1); });
  one("find-split-1M", "find-split of 1 000 000 rows with 256 thresholds in no order", 0.5e-3,
      [](const auto& device) { return find_split_loop(device, 1'000'000, 256); });
  add_on_device(comparisons, kCuda,
                {.name = "relu-1000",
                 .ours = "one of 10 000 kernels in a row, over 1000 elements each",
                 .reference = "",
                 .target = {TargetKind::time_at_most, 6e-6},
                 .prepare = {},
                 .batch = 10'000},
                [](const DeviceEntry& device) {
                  const Operation pairs = operation_of(small_loop(device, 1000));
                  return Sides{[=](std::int64_t count) { return pairs(count / 2); }, {}};
                });
}

void add_queued_matmul(std::vector<Comparison>& comparisons, std::uint32_t size, MatmulPrecision precision) {
  const bool is_tf32 = precision == MatmulPrecision::tf32;
  const std::string text = std::to_string(size);
  add_on_device(
      comparisons, kCuda,
      {.name = std::string(is_tf32 ? "" : "fp32-") + "matmul-queued-" + text,
       .ours = "one of 100 matmuls of " + text + " × " + text + " in a row" + (is_tf32 ? "" : ", precision=fp32"),
       .reference = "the same by cuBLAS, called directly",
       .target = {TargetKind::speed_at_least, 0.97},
       .prepare = {},
       .batch = 100,
       .work = {2.0 * size * size * size, "FLOP"}},
      [=](const DeviceEntry& device) {
        require_blas();
        require_random();
        require_memory(device, 6.0 * sizeof(float) * size * size);
        const MatmulLoop loop{
            .size = size, .least = 0, .tolerance = is_tf32 ? 2e-3 : 1e-4, .waits = false, .precision = precision};
        return Sides{operation_of(matmul_loop(device, loop)), direct_matmul(device, size, precision)};
      });
}

void add_1g(std::vector<Comparison>& comparisons) {
  const auto one = [&](const std::string& name, double bytes, MakeLoop loop) {
    add_1g(comparisons, kCuda, name, bytes, 0.9, std::move(loop), &direct_copy);
  };
  one("average", kAverageBytes1G,
      [](const auto& device) { return average_loop(device, kAverageRows1G, kAverageCopies1G); });
  one("relu", 2048 * kMebibyte, [](const auto& device) { return relu_loop(device, 1024); });
  one("add", 3072 * kMebibyte, [](const auto& device) { return add_loop(device, 1024); });
  one("sum", 1024 * kMebibyte, [](const auto& device) { return sum_loop(device, 1024); });
  // The reference adds in place, which moves as many bytes.
  add_on_device(comparisons, kCuda,
                {.name = "add-axpy-1G",
                 .ours = "add over 1 GB",
                 .reference = "axpy of cuBLAS, called directly",
                 .target = {TargetKind::speed_at_least, 0.97},
                 .prepare = {},
                 .work = {3072 * kMebibyte, "B"}},
                [](const DeviceEntry& device) {
                  require_blas();
                  require_random();
                  require_memory(device, 5120 * kMebibyte);
                  return Sides{operation_of(add_loop(device, 1024)), direct_axpy(device, 256 << 20)};
                });
}

void add_transfers(std::vector<Comparison>& comparisons) {
  const auto one = [&](const std::string& name, const std::string& reference, auto plain) {
    add_on_device(comparisons, kCuda,
                  {.name = name + "-256M",
                   .ours = name + " of 256 MB, until the device is done",
                   .reference = reference + " of as many bytes in pageable memory",
                   .target = {TargetKind::speed_at_least, 1},
                   .prepare = {},
                   .work = {kTransfer, "B"}},
                  [name, plain](const DeviceEntry& device) {
                    return Sides{operation_of(copy_loop(device, name, kTransfer)), plain(device, kTransfer)};
                  });
  };
  one("buffer-write", "cuMemcpyHtoD", &plain_write);
  one("buffer-read", "cuMemcpyDtoH", &plain_read);
}

}  // namespace

void add_cuda(std::vector<Comparison>& comparisons) {
  add_times(comparisons);
  for (const std::uint32_t size : {1024u, 2048u, 4096u, 8192u}) {
    add_queued_matmul(comparisons, size, MatmulPrecision::tf32);
  }
  add_queued_matmul(comparisons, 4096, MatmulPrecision::fp32);
  add_1g(comparisons);
  add_transfers(comparisons);
}

}  // namespace gpu_host::bench
