// The webgpu backend's side of its comparisons, and the minimal program that it is
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
[[nodiscard]] DeviceEntry webgpu_device(bool software_too);

// For people.
[[nodiscard]] std::string text_of(const DeviceEntry& device);

// webgpu_peer.cpp, on the same device.
[[nodiscard]] Operation webgpu_peer(const DeviceEntry& device, const std::string& work, std::uint32_t size);

// -- guests that call a kernel and wait for it, each time -------------------
using Loop = std::shared_ptr<GuestLoop>;

[[nodiscard]] Loop bootstrap_loop(const DeviceEntry& device, std::uint32_t size);

// Square matrices.
[[nodiscard]] Loop matmul_loop(const DeviceEntry& device, std::uint32_t size);

// Over so many copies of some rows.
inline constexpr std::uint32_t kAverageTrees = 100;
[[nodiscard]] Loop average_loop(const DeviceEntry& device, std::uint32_t rows, std::uint32_t copies);

// Over so many MiB.
[[nodiscard]] Loop relu_loop(const DeviceEntry& device, std::uint32_t mebibytes);
[[nodiscard]] Loop sum_loop(const DeviceEntry& device, std::uint32_t mebibytes);

// Writes the rows, predicts them with this many trees of depth 12, and reads the predictions.
[[nodiscard]] Loop predict_loop(const DeviceEntry& device, std::uint32_t rows, std::uint32_t trees);

}  // namespace gpu_host::bench
