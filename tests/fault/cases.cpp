#include "fault/cases.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <memory>

#include "forest/node.hpp"
#include "wasi_gpu/compute.hpp"

namespace gpu_host::fault {
namespace {

using enum GpuErrorCode;

constexpr std::uint64_t kSmall = 4096;
constexpr std::uint64_t kLarge = std::uint64_t{4} << 20;  // several threads work on it

enum Buffers : std::uint32_t { zeros = 1, also_zeros, output, leaves, cycle, far, large, large_output, read_only };
constexpr std::uint32_t kDead = 1000;

std::uint64_t f32(float value) { return std::bit_cast<std::uint32_t>(value); }

const std::vector<Case>& all_cases() {
  static const std::vector<Case> kCases{
      {"get-device-info", {}},
      {"buffer-create", {64, 0}},
      {"buffer-create", {kLarge, 0}},
      {"buffer-create", {0, 0}, invalid_params},
      {"buffer-create", {4, 0xffff}, invalid_params},
      {"buffer-create", {UINT64_MAX, 0}, out_of_memory},
      {"buffer-write", {output, 0, 0, 64}},
      {"buffer-write", {kDead, 0, 0, 64}, invalid_buffer},
      {"buffer-write", {output, kSmall, 0, 64}, invalid_params},
      {"buffer-write", {read_only, 0, 0, 4}, invalid_params},
      {"buffer-read", {zeros, 0, 64}},
      {"buffer-read", {zeros, 0, kSmall + 1}, invalid_params},
      {"buffer-copy", {zeros, 0, output, 0, kSmall}},
      {"buffer-copy", {zeros, 0, read_only, 0, 4}, invalid_params},
      {"buffer-destroy", {kDead}, invalid_buffer},
      {"sync", {}},
      {"kernel-bootstrap-sample", {1000, 1, 5, output}},
      {"kernel-bootstrap-sample", {kLarge / 4, 1, 5, large_output}},
      {"kernel-bootstrap-sample", {1000, 1, 0, output}, invalid_params},
      {"kernel-find-split", {1000, 1, 0, 100, zeros, also_zeros, zeros, also_zeros, output}},
      {"kernel-find-split", {100'000, 1, 0, 1000, large, large, large, zeros, output}},
      {"kernel-find-split", {1000, 1, 1, 100, zeros, also_zeros, zeros, also_zeros, output}, invalid_params},
      {"kernel-find-split", {1, 1, 0, 100, zeros, also_zeros, far, also_zeros, output}, kernel_error},
      {"kernel-average", {10, 100, zeros, output}},
      {"kernel-average", {10, 100'000, large, large_output}},
      {"kernel-average", {0, 100, zeros, output}, invalid_params},
      {"kernel-matmul", {30, 30, 30, 0, 1, f32(2), f32(1), zeros, also_zeros, output}},
      {"kernel-matmul", {512, 256, 512, 0, 0, f32(1), f32(0), large, large, large_output}},
      {"kernel-matmul", {512, 8, 512, 0, 0, f32(0), f32(0), large, large, large_output}},  // without OpenBLAS
      {"kernel-matmul", {30, 30, 30, 0, 1, f32(2), f32(1), zeros, output, output}, invalid_params},
      {"kernel-elementwise", {1024, 3, zeros, 1, also_zeros, output}},
      {"kernel-elementwise", {kLarge / 4, 6, large, 0, 0, large_output}},
      {"kernel-elementwise", {1024, 8, zeros, 0, 0, output}, invalid_params},
      {"kernel-elementwise", {1024, 3, zeros, 2, zeros, output}, invalid_params},
      {"kernel-reduce", {1024, 0, zeros, output}},
      {"kernel-reduce", {kLarge / 4, 4, large, output}},
      {"kernel-reduce", {0, 1, zeros, output}, invalid_params},
      {"kernel-batch-predict", {64, 4, 16, 5, zeros, leaves, zeros, output}},
      {"kernel-batch-predict", {20'000, 4, 16, 5, large, leaves, zeros, large_output}},
      {"kernel-batch-predict", {64, 4, 16, 5, zeros, cycle, zeros, output}, kernel_error},
      {"kernel-batch-predict", {64, 4, 16, 5, zeros, far, zeros, output}, kernel_error},
  };
  return kCases;
}

void write(Session& session, BufferId id, std::span<const std::byte> bytes) {
  (void)wasi_gpu::buffer_write(session, id, 0, bytes);
}

}  // namespace

std::span<const Case> cases() { return all_cases(); }

const abi::ContractFunction& contract_function(std::string_view name) {
  return *std::ranges::find(abi::contract_functions(), name, &abi::ContractFunction::name);
}

void prepare(Session& session) {
  for (const std::uint64_t size :
       {kSmall, kSmall, kSmall, std::uint64_t{64}, std::uint64_t{64}, std::uint64_t{64}, kLarge, kLarge}) {
    (void)wasi_gpu::buffer_create(session, size, {});
  }
  static std::array<std::byte, 64> array{};
  (void)session.share({.bytes = array, .read_only = true, .owner = nullptr});
  const forest::Node leaf{.feature = forest::kLeaf, .threshold = 1, .left = 0, .right = 0};
  const std::array<forest::Node, 4> all_leaves{leaf, leaf, leaf, leaf};
  write(session, leaves, std::as_bytes(std::span(all_leaves)));
  const std::array<std::uint32_t, 4> beyond{1U << 30, 1U << 30, 1U << 30, 1U << 30};
  write(session, far, std::as_bytes(std::span(beyond)));
}

}  // namespace gpu_host::fault
