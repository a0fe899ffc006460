#include "backend/webgpu/adapters.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <span>
#include <string>
#include <utility>

#include "util/log.hpp"

namespace gpu_host::webgpu {
namespace {

constexpr std::uint32_t kStorageBuffers = 8;
constexpr std::uint32_t kWorkgroupSize = 256;
constexpr std::uint32_t kWorkgroupMemory = 16'384;

// Kernels count the bytes of a binding in 32 bits.
constexpr std::uint64_t kLargestBinding = (std::uint64_t{1} << 32U) - 256;

// Some hundredths of a second.
constexpr std::uint64_t kHardwareWork = std::uint64_t{1} << 33U;
constexpr std::uint64_t kSoftwareWork = std::uint64_t{1} << 27U;

constexpr auto kImmediates = static_cast<WGPUFeatureName>(WGPUNativeFeature_Immediates);
constexpr auto kSubgroups = static_cast<WGPUFeatureName>(WGPUNativeFeature_Subgroup);

bool has_feature(WGPUAdapter adapter, WGPUFeatureName feature) {
  WGPUSupportedFeatures features{};
  wgpu().AdapterGetFeatures(adapter, &features);
  const std::span all(features.features, features.featureCount);
  const bool found = std::ranges::find(all, feature) != all.end();
  wgpu().SupportedFeaturesFreeMembers(features);
  return found;
}

std::string name_of(WGPUAdapterType type) {
  switch (type) {
    case WGPUAdapterType_DiscreteGPU:
      return "discrete GPU";
    case WGPUAdapterType_IntegratedGPU:
      return "integrated GPU";
    case WGPUAdapterType_CPU:
      return "software";
    default:
      return "virtual or unknown GPU";
  }
}

// The first adapter is what a run gets that names none.
constexpr WGPUAdapterType kBestFirst[] = {WGPUAdapterType_DiscreteGPU, WGPUAdapterType_IntegratedGPU,
                                          WGPUAdapterType_Unknown, WGPUAdapterType_CPU};

WGPUAdapterType type_of(WGPUAdapter adapter) {
  WGPUAdapterInfo info{};
  wgpu().AdapterGetInfo(adapter, &info);
  const WGPUAdapterType type = info.adapterType;
  wgpu().AdapterInfoFreeMembers(info);
  return type;
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; }

// Why kernels cannot run on it; empty where they can.
std::string lacking(const WGPULimits& limits, bool has_immediates) {
  const auto too_small = [](const std::string& what, std::uint64_t is, std::uint64_t needed) {
    return "does not support " + std::to_string(needed) + " " + what + ": it has " + std::to_string(is);
  };
  if (!has_immediates || limits.maxImmediateSize < kImmediateBytes) {
    return too_small("bytes of immediates (push constants)", has_immediates ? limits.maxImmediateSize : 0,
                     kImmediateBytes);
  }
  if (limits.maxStorageBuffersPerShaderStage < kStorageBuffers) {
    return too_small("storage buffers for a kernel", limits.maxStorageBuffersPerShaderStage, kStorageBuffers);
  }
  if (std::min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX) < kWorkgroupSize) {
    return too_small("invocations in a workgroup", limits.maxComputeInvocationsPerWorkgroup, kWorkgroupSize);
  }
  if (limits.maxComputeWorkgroupStorageSize < kWorkgroupMemory) {
    return too_small("bytes of workgroup memory", limits.maxComputeWorkgroupStorageSize, kWorkgroupMemory);
  }
  return {};
}

Adapter describe(WGPUAdapter handle, std::uint32_t index) {
  Adapter adapter;
  adapter.handle = handle;
  WGPULimits limits{};
  wgpu().AdapterGetLimits(handle, &limits);

  WGPUAdapterInfo info{};
  wgpu().AdapterGetInfo(handle, &info);
  const std::string name = text(info.device);
  const std::string driver = text(info.description);
  const bool is_software = info.adapterType == WGPUAdapterType_CPU;
  adapter.limits = {
      .max_buffer = limits.maxBufferSize,
      .max_binding = std::min({limits.maxStorageBufferBindingSize, limits.maxBufferSize, kLargestBinding}),
      .max_work = is_software ? kSoftwareWork : kHardwareWork,
      .offset_alignment = limits.minStorageBufferOffsetAlignment,
      .has_subgroups = has_feature(handle, kSubgroups)};
  const std::string type = name_of(info.adapterType);
  wgpu().AdapterInfoFreeMembers(info);

  adapter.entry = {.backend = "webgpu", .index = index, .info = {}, .reason = {}, .details = {}};
  const std::string missing = lacking(limits, has_feature(handle, kImmediates));
  if (!missing.empty()) {
    adapter.entry.reason = name + " (" + driver + ") " + missing;
    return adapter;
  }
  // WebGPU does not tell how much memory there is.
  adapter.entry.info = DeviceInfo{.name = name.empty() ? "unnamed adapter" : name,
                                  .backend = "webgpu",
                                  .total_memory = 0,
                                  .is_hardware = !is_software,
                                  .compute_capability = "Vulkan"};
  adapter.entry.details = type + ", driver " + (driver.empty() ? "unknown" : driver) + ", buffers up to " +
                          mebibytes(adapter.limits.max_buffer) + ", bindings up to " +
                          mebibytes(adapter.limits.max_binding) + (adapter.limits.has_subgroups ? ", subgroups" : "");
  return adapter;
}

Result<std::vector<Adapter>> find_adapters() {
  if (const auto& api = open_wgpu(); !api) return std::unexpected(api.error());
  // wgpu would only find no adapters.
  void* const loader = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
  if (loader == nullptr) {
    const char* const why = dlerror();
    return error(ErrorKind::device, "the Vulkan loader (libvulkan.so.1) cannot be opened: " +
                                        std::string(why == nullptr ? "no reason given" : why) + "; install libvulkan1");
  }
  WGPUInstanceExtras extras{};
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): an extension of the enumeration.
  extras.chain.sType = static_cast<WGPUSType>(WGPUSType_InstanceExtras);
  extras.backends = WGPUInstanceBackend_Vulkan;
  extras.flags = WGPUInstanceFlag_DiscardHalLabels;
  WGPUInstanceDescriptor descriptor{};
  descriptor.nextInChain = &extras.chain;
  static WGPUInstance instance = nullptr;  // lives as long as the process
  instance = wgpu().CreateInstance(&descriptor);
  if (instance == nullptr) return error(ErrorKind::device, "wgpu-native cannot make an instance");

  WGPUInstanceEnumerateAdapterOptions options{};
  options.backends = WGPUInstanceBackend_Vulkan;
  std::vector<WGPUAdapter> handles(wgpu().InstanceEnumerateAdapters(instance, &options, nullptr));
  handles.resize(std::min(handles.size(), wgpu().InstanceEnumerateAdapters(instance, &options, handles.data())));
  if (handles.empty()) {
    return error(ErrorKind::device,
                 "Vulkan lists no device: install a driver (NVIDIA's own, or mesa-vulkan-drivers for AMD, Intel and "
                 "software), and let this user open its device files (/dev/nvidia*, /dev/dri/renderD*)");
  }
  std::vector<Adapter> found;
  for (const WGPUAdapterType type : kBestFirst) {
    for (WGPUAdapter handle : handles) {
      if (type_of(handle) == type) found.push_back(describe(handle, static_cast<std::uint32_t>(found.size())));
    }
  }
  return found;
}

// Never freed, and few: a device is opened once, and anew after it was lost.
DeviceHealth* new_health() {
  static auto* const mutex = new std::mutex;
  static auto* const all = new std::deque<DeviceHealth>;
  const std::scoped_lock lock(*mutex);
  return &all->emplace_back();
}

struct Request {
  WGPUDevice device = nullptr;
  std::string message;
};

void on_device(WGPURequestDeviceStatus /*status*/, WGPUDevice device, WGPUStringView message, void* request,
               void* /*unused*/) noexcept {
  auto* const to = static_cast<Request*>(request);
  to->device = device;
  try {
    to->message = text(message);
  } catch (const std::bad_alloc&) {
    return;  // without a device there is an error all the same
  }
}

// Whoever can name a cause asks by an error scope: what comes here is only logged.
void on_error(const WGPUDevice* /*device*/, WGPUErrorType /*type*/, WGPUStringView message, void* /*unused*/,
              void* /*unused*/) noexcept {
  try {
    logger().error("wgpu: {}", text(message));
  } catch (const std::bad_alloc&) {
    return;  // the message is lost
  }
}

void on_lost(const WGPUDevice* /*device*/, WGPUDeviceLostReason /*reason*/, WGPUStringView message, void* health,
             void* /*unused*/) noexcept {
  static_cast<DeviceHealth*>(health)->set_lost({message.data, message.data == nullptr ? 0 : message.length});
}

}  // namespace

std::unexpected<GpuError> DeviceHealth::lost_error() const {
  const std::scoped_lock lock(mutex_);
  return gpu_error(GpuErrorCode::device_unavailable, "the device was lost: " + reason_);
}

void DeviceHealth::set_lost(std::string_view reason) noexcept {
  const std::scoped_lock lock(mutex_);
  if (is_lost()) return;
  try {
    reason_ = reason;
  } catch (const std::bad_alloc&) {
    reason_.clear();
  }
  is_lost_.store(true, std::memory_order_release);
}

bool are_of_another_process() {
  static const pid_t process = getpid();
  return getpid() != process;
}

const Result<std::vector<Adapter>>& adapters() {
  (void)are_of_another_process();  // asked here first
  // Never freed: drivers do not like to be unloaded while a process ends.
  static const auto* const all = new Result<std::vector<Adapter>>(find_adapters());
  return *all;
}

GpuResult<OpenedDevice> open_device(const Adapter& adapter) {
  WGPULimits limits{};
  wgpu().AdapterGetLimits(adapter.handle, &limits);
  const std::array features{kImmediates, kSubgroups};
  DeviceHealth* const health = new_health();
  WGPUDeviceDescriptor descriptor{};
  descriptor.requiredFeatures = features.data();
  descriptor.requiredFeatureCount = adapter.limits.has_subgroups ? 2 : 1;
  descriptor.requiredLimits = &limits;  // the defaults are lower
  descriptor.uncapturedErrorCallbackInfo.callback = on_error;
  descriptor.deviceLostCallbackInfo.mode = WGPUCallbackMode_AllowSpontaneous;
  descriptor.deviceLostCallbackInfo.userdata1 = health;
  descriptor.deviceLostCallbackInfo.callback = on_lost;

  Request request;
  WGPURequestDeviceCallbackInfo callback{};
  callback.mode = WGPUCallbackMode_AllowSpontaneous;
  callback.userdata1 = &request;
  callback.callback = on_device;
  wgpu().AdapterRequestDevice(adapter.handle, &descriptor, callback);  // calls back before it returns
  if (request.device == nullptr) return gpu_error(GpuErrorCode::device_unavailable, std::move(request.message));
  return OpenedDevice{OwnedDevice(request.device), health};
}

}  // namespace gpu_host::webgpu
