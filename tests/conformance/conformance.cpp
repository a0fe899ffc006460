#include "conformance/conformance.hpp"

#include <stdexcept>
#include <utility>

#include "common/require_backend.hpp"
#if WGH_CUDA
#include "backend/cuda/cuda_device.hpp"
#include "backend/cuda/found_devices.hpp"
#endif
#if WGH_WEBGPU
#include "backend/webgpu/webgpu_device.hpp"
#endif

namespace gpu_host::conformance {
namespace {

#if WGH_WEBGPU
test::UsableDevice open_webgpu_in_pieces() {
  const auto& found = webgpu::adapters();
  if (!found) return {nullptr, found.error().message};
  webgpu::Adapter adapter = found->front();
  if (!adapter.entry.info) return {nullptr, adapter.entry.reason};
  adapter.limits.max_binding = 1 << 20;
  adapter.limits.max_work = 1 << 18;
  adapter.limits.has_subgroups = false;
  auto opened = webgpu::open_device(adapter);
  if (!opened) return {nullptr, opened.error().message};
  return {std::make_shared<webgpu::WebGpuDevice>(adapter, *std::move(opened)), {}};
}
#else
test::UsableDevice open_webgpu_in_pieces() { return {nullptr, "this build has no webgpu backend"}; }
#endif

#if WGH_CUDA
test::UsableDevice open_cuda_in_pieces() {
  const auto& found = cuda::found_devices();
  if (!found) return {nullptr, found.error().message};
  cuda::FoundDevice first = found->front();
  if (!first.entry.info) return {nullptr, first.entry.reason};
  first.limits.max_work = 1 << 14;
  first.limits.max_extent = 1 << 12;
  return {std::make_shared<cuda::CudaDevice>(first.device, *first.entry.info, first.limits), {}};
}
#else
test::UsableDevice open_cuda_in_pieces() { return {nullptr, "this build has no cuda backend"}; }
#endif

const test::UsableDevice& device_of(const std::string& name) {
  if (name == kWebGpuInPieces) {
    static const test::UsableDevice in_pieces = open_webgpu_in_pieces();
    return in_pieces;
  }
  if (name == kCudaInPieces) {
    static const test::UsableDevice in_pieces = open_cuda_in_pieces();
    return in_pieces;
  }
  return test::usable_device(name);
}

}  // namespace

std::vector<std::string> backend_names() {
  auto names = test::backend_names();
  names.emplace_back(kWebGpuInPieces);
  names.emplace_back(kCudaInPieces);
  return names;
}

void ConformanceTest::SetUp() {
  const auto& [device, reason] = device_of(GetParam());
  if (device == nullptr) return test::skip_without(GetParam().substr(0, GetParam().find('_')), reason);
  device_ = device;
  stream_ = new_stream();
}

std::unique_ptr<Stream> ConformanceTest::new_stream(const Interrupt* interrupt) {
  GpuResult<std::unique_ptr<Stream>> stream = device_->create_stream({.interrupt = interrupt});
  if (!stream) throw std::runtime_error("create_stream: " + stream.error().message);
  return std::move(*stream);
}

}  // namespace gpu_host::conformance
