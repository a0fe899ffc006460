#include "webgpu/webgpu_test.hpp"

#include <dlfcn.h>

#include <stdexcept>
#include <utility>

#include "common/require_backend.hpp"

namespace gpu_host::webgpu {

void WebGpuTest::SetUp() {
  const auto& found = adapters();
  if (!found) return test::skip_without("webgpu", found.error().message);
  const Adapter& adapter = found->front();
  if (!adapter.entry.info) return test::skip_without("webgpu", adapter.entry.reason);
  auto opened = open_device(adapter);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  device_ = std::make_unique<WebGpuDevice>(adapter, *std::move(opened));
}

std::unique_ptr<Stream> WebGpuTest::new_stream(const Interrupt* interrupt) {
  auto stream = device_->create_stream({.interrupt = interrupt});
  if (!stream) throw std::runtime_error("create_stream: " + stream.error().message);
  return *std::move(stream);
}

const ShimCounts& WebGpuTest::counts() {
  static const auto kCounts = [] {
    void* const shim = dlopen(WGH_SHIM, RTLD_NOW | RTLD_NOLOAD);
    if (shim == nullptr) throw std::runtime_error("WGPU_NATIVE_LIBRARY must be " WGH_SHIM);
    return reinterpret_cast<decltype(&wgh_shim_counts)>(dlsym(shim, "wgh_shim_counts"));
  }();
  return *kCounts();
}

}  // namespace gpu_host::webgpu
