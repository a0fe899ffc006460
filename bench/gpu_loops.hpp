// A GPU backend's side of its comparisons, and the minimal WebGPU program that one is
// compared with. Results are checked before anything is measured.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "comparison.hpp"
#include "guest_loop.hpp"

namespace gpu_host::bench {

// The backend's first usable device: what both sides run on. Throws Skipped, with the
// reason, where there is none, or only software although that is not wanted.
[[nodiscard]] DeviceEntry gpu_device(const std::string& backend, bool software_too);

// For people.
[[nodiscard]] std::string text_of(const DeviceEntry& device);

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

}  // namespace gpu_host::bench
