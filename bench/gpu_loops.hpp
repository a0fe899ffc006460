// A GPU backend's side of its comparisons, and the minimal WebGPU program that one is
// compared with. Results are checked before anything is measured.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "comparison.hpp"
#include "guest_loop.hpp"

namespace gpu_host::bench {

struct DeviceKind {
  std::string_view backend;
  bool software_too = false;
};

// The backend's first usable device: what both sides run on. Throws Skipped, with the
// reason, where there is none, or only software although that is not wanted.
[[nodiscard]] DeviceEntry gpu_device(const DeviceKind& kind);

// For people.
[[nodiscard]] std::string text_of(const DeviceEntry& device);

// Throws Skipped where the device says that it has less memory than this and some for itself.
void require_memory(const DeviceEntry& device, double bytes);

// webgpu_peer.cpp, on the same device.
[[nodiscard]] Operation webgpu_peer(const DeviceEntry& device, const std::string& work, std::uint32_t size);

// -- guests that call a kernel and wait for it, each time -------------------
using Loop = std::shared_ptr<GuestLoop>;

[[nodiscard]] Loop bootstrap_loop(const DeviceEntry& device, std::uint32_t size);

// Square matrices.
struct MatmulLoop {
  std::uint32_t size;
  float least = -1;         // of the elements; the greatest is 1
  double tolerance = 1e-3;  // of the results, against their own size
  bool waits = true;        // after each call; else the calls are queued
  MatmulPrecision precision = MatmulPrecision::tf32;
};
[[nodiscard]] Loop matmul_loop(const DeviceEntry& device, const MatmulLoop& matmul);

// Over so many copies of some rows.
inline constexpr std::uint32_t kAverageTrees = 100;
[[nodiscard]] Loop average_loop(const DeviceEntry& device, std::uint32_t rows, std::uint32_t copies);

// Over so many MiB.
[[nodiscard]] Loop relu_loop(const DeviceEntry& device, std::uint32_t mebibytes);
[[nodiscard]] Loop sum_loop(const DeviceEntry& device, std::uint32_t mebibytes);
[[nodiscard]] Loop add_loop(const DeviceEntry& device, std::uint32_t mebibytes);

// Two calls of relu over so many elements, each on what the other wrote; does not wait.
[[nodiscard]] Loop small_loop(const DeviceEntry& device, std::uint32_t size);

// One feature of 10, thresholds in no order.
[[nodiscard]] Loop find_split_loop(const DeviceEntry& device, std::uint32_t rows, std::uint32_t thresholds);

// One block of the guest and one buffer, of so many bytes each: "buffer-write" or "buffer-read".
[[nodiscard]] Loop copy_loop(const DeviceEntry& device, const std::string& function, std::uint32_t bytes);

// Writes the rows, predicts them with this many trees of depth 12, and reads the predictions.
[[nodiscard]] Loop predict_loop(const DeviceEntry& device, std::uint32_t rows, std::uint32_t trees);

// -- rows, whose names begin with the backend's ------------------------------
void add_on_device(std::vector<Comparison>& comparisons, const DeviceKind& kind, Comparison comparison,
                   std::function<Sides(const DeviceEntry&)> prepare);

using MakeLoop = std::function<Loop(const DeviceEntry&)>;

// What the loop does, within so many seconds.
void add_time(std::vector<Comparison>& comparisons, const DeviceKind& kind, const std::string& name,
              const std::string& ours, double limit, MakeLoop loop);

// A kernel over 1 GB that reads and writes so many bytes, against a copy that does: of an array of half the size.
using MakeCopy = std::function<Operation(const DeviceEntry&, std::uint64_t array_bytes)>;
void add_1g(std::vector<Comparison>& comparisons, const DeviceKind& kind, const std::string& name, double bytes,
            double limit, MakeLoop loop, MakeCopy copy);
// Of average_loop over this many rows and copies.
inline constexpr std::uint32_t kAverageRows1G = 2048;
inline constexpr std::uint32_t kAverageCopies1G = 1310;
inline constexpr double kAverageRowBytes = (kAverageTrees + 1) * sizeof(float);
inline constexpr double kAverageBytes1G = kAverageRowBytes * kAverageRows1G * kAverageCopies1G;

}  // namespace gpu_host::bench
