// What a host call costs, and copies of 64 bytes.
#include "bare_call.hpp"
#include "call_loop.hpp"
#include "comparison.hpp"
#include "kernel_calls.hpp"

namespace gpu_host::bench {
namespace {

constexpr std::int64_t kBatch = 100'000;
constexpr std::uint32_t kBytes = 64;

}  // namespace

void add_host_calls(std::vector<Comparison>& comparisons) {
  comparisons.push_back({.name = "host-call",
                         .ours = "a call of sync",
                         .reference = "a call of an empty function defined with wasmtime_linker_define_func_unchecked",
                         .target = {TargetKind::excess_at_most, 10e-9},
                         .prepare = [] { return Sides{call_loop_with_block(sync(), kBytes), bare_call_loop()}; },
                         .batch = kBatch});
  comparisons.push_back({.name = "buffer-write-64",
                         .ours = "buffer-write of 64 bytes",
                         .reference = "",
                         .target = {TargetKind::time_at_most, 60e-9},
                         .prepare =
                             [] {
                               const Call write{kCompute, "buffer-write", {1u, std::uint64_t{0}, kBlock, kBytes}};
                               return Sides{call_loop_with_block(write, kBytes), {}};
                             },
                         .batch = kBatch});
  comparisons.push_back({.name = "buffer-read-64",
                         .ours = "buffer-read of 64 bytes",
                         .reference = "",
                         .target = {TargetKind::time_at_most, 90e-9},
                         .prepare =
                             [] {
                               const Call read{kCompute, "buffer-read", {1u, std::uint64_t{0}, kBytes}};
                               return Sides{call_loop_with_block(read, kBytes), {}};
                             },
                         .batch = kBatch});
}

}  // namespace gpu_host::bench
