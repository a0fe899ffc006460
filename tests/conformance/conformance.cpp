#include "conformance/conformance.hpp"

#include <stdexcept>
#include <utility>

#include "common/require_backend.hpp"
#if WGH_WEBGPU
#include "backend/webgpu/webgpu_device.hpp"
#endif

namespace gpu_host::conformance {
namespace {

#if WGH_WEBGPU
test::UsableDevice open_in_pieces() {
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
test::UsableDevice open_in_pieces() { return {nullptr, "this build has no webgpu backend"}; }
#endif

const test::UsableDevice& device_of(const std::string& name) {
  if (name != kInPieces) return test::usable_device(name);
  static const test::UsableDevice in_pieces = open_in_pieces();
  return in_pieces;
}

}  // namespace

std::vector<std::string> backend_names() {
  auto names = test::backend_names();
  names.emplace_back(kInPieces);
  return names;
}

void ConformanceTest::SetUp() {
  const auto& [device, reason] = device_of(GetParam());
  if (device == nullptr) return test::skip_without(GetParam() == kInPieces ? "webgpu" : GetParam(), reason);
  device_ = device;
  stream_ = new_stream();
}

std::unique_ptr<Stream> ConformanceTest::new_stream(const Interrupt* interrupt) {
  GpuResult<std::unique_ptr<Stream>> stream = device_->create_stream({.interrupt = interrupt});
  if (!stream) throw std::runtime_error("create_stream: " + stream.error().message);
  return std::move(*stream);
}

}  // namespace gpu_host::conformance
