#include "backend/webgpu/gpu.hpp"

#include <array>
#include <utility>
#include <vector>

#include "backend/gpu_library.hpp"
#include "util/log.hpp"

namespace gpu_host::webgpu {
namespace {

// Kept for the next buffers, of all instances together.
constexpr std::uint64_t kPooledBytes = std::uint64_t{256} << 20U;
constexpr std::uint64_t kPooledTransferBytes = std::uint64_t{64} << 20U;

// The library ends the process when it is asked for internal errors. Those are logged.
constexpr WGPUErrorFilter kFilters[] = {WGPUErrorFilter_OutOfMemory, WGPUErrorFilter_Validation};

void on_scope(WGPUPopErrorScopeStatus /*status*/, WGPUErrorType type, WGPUStringView message, void* found,
              void* /*unused*/) noexcept {
  if (type == WGPUErrorType_NoError) return;
  const auto code = type == WGPUErrorType_OutOfMemory ? GpuErrorCode::out_of_memory : GpuErrorCode::kernel_error;
  auto& result = *static_cast<GpuResult<void>*>(found);
  result = gpu_error(code);
  try {
    result.error().message = text(message);
  } catch (const std::bad_alloc&) {
    return;  // the case is enough
  }
}

}  // namespace

Gpu::Gpu(const Adapter& adapter, OpenedDevice opened)
    : limits_(adapter.limits),
      device_(std::move(opened.device)),
      health_(opened.health),
      queue_(wgpu().DeviceGetQueue(device_.get())),
      storage_(kPooledBytes),
      staging_(kPooledTransferBytes),
      readback_(kPooledTransferBytes) {}

template <class Calls>
GpuResult<void> Gpu::checked(const std::string& what, const Calls& calls) {
  GpuResult<void> result;
  WGPUPopErrorScopeCallbackInfo callback{};
  callback.mode = WGPUCallbackMode_AllowSpontaneous;
  callback.userdata1 = &result;
  callback.callback = on_scope;
  {
    const std::scoped_lock lock(errors_);
    for (const WGPUErrorFilter filter : kFilters) wgpu().DevicePushErrorScope(device(), filter);
    calls();
    for (std::size_t i = 0; i < std::size(kFilters); ++i) wgpu().DevicePopErrorScope(device(), callback);  // calls back
  }
  if (result) return result;
  // Of the calls, this one reports that the device is lost; others say that they are invalid.
  if (result.error().code != GpuErrorCode::out_of_memory) {
    static_cast<void>(OwnedCommandEncoder(wgpu().DeviceCreateCommandEncoder(device(), nullptr)));
  }
  if (health_->is_lost()) return health_->lost_error();
  return gpu_error(result.error().code, what + ": " + result.error().message);
}

GpuResult<WGPUShaderModule> Gpu::shader_module(const Shader& shader) {
  OwnedShaderModule& module = modules_[&shader];
  if (module) return module.get();
  WGPUShaderSourceWGSL source{};
  source.chain.sType = WGPUSType_ShaderSourceWGSL;
  source.code = view(shader.source);
  WGPUShaderModuleDescriptor descriptor{};
  descriptor.nextInChain = &source.chain;
  // Bounds are checked in the shader. Loops are not counted there, which would double the
  // time of matmul: all of ours end.
  OwnedShaderModule made;
  auto result = checked("the shader " + std::string(shader.name), [&] {
    made.reset(wgpu().DeviceCreateShaderModuleTrusted(device(), &descriptor, WGPUShaderRuntimeChecks_BoundsChecks));
  });
  if (!result) return std::unexpected(std::move(result.error()));
  module = std::move(made);
  return module.get();
}

GpuResult<const Pipeline*> Gpu::pipeline(const Kernel& kernel, std::span<const Binding> bindings) {
  const std::scoped_lock lock(pipelines_mutex_);
  if (const auto found = pipelines_.find(kernel); found != pipelines_.end()) return &found->second;

  const auto module = shader_module(*kernel.shader);
  if (!module) return std::unexpected(module.error());
  std::array<WGPUBindGroupLayoutEntry, kMaxBindings> entries{};
  for (std::size_t i = 0; i < bindings.size(); ++i) {
    entries[i].binding = bindings[i].slot;
    entries[i].visibility = WGPUShaderStage_Compute;
    entries[i].buffer.type =
        kernel.shader->writes(bindings[i].slot) ? WGPUBufferBindingType_Storage : WGPUBufferBindingType_ReadOnlyStorage;
  }
  WGPUBindGroupLayoutDescriptor group{};
  group.entries = entries.data();
  group.entryCount = bindings.size();
  std::vector<WGPUConstantEntry> constants;
  for (const Constant& constant : kernel.constants) {
    if (constant.name.empty()) continue;
    constants.push_back({.nextInChain = nullptr, .key = view(constant.name), .value = constant.value});
  }
  Pipeline made;
  auto result = checked("the kernel " + std::string(kernel.shader->name) + "." + std::string(kernel.entry_point), [&] {
    made.layout.reset(wgpu().DeviceCreateBindGroupLayout(device(), &group));
    const WGPUBindGroupLayout layouts[] = {made.layout.get()};
    WGPUPipelineLayoutDescriptor layout{};
    layout.bindGroupLayouts = layouts;
    layout.bindGroupLayoutCount = 1;
    layout.immediateSize = kImmediateBytes;
    const OwnedPipelineLayout pipeline_layout(wgpu().DeviceCreatePipelineLayout(device(), &layout));
    WGPUComputePipelineDescriptor descriptor{};
    descriptor.layout = pipeline_layout.get();
    descriptor.compute.module = *module;
    descriptor.compute.entryPoint = view(kernel.entry_point);
    descriptor.compute.constants = constants.data();
    descriptor.compute.constantCount = constants.size();
    made.pipeline.reset(wgpu().DeviceCreateComputePipeline(device(), &descriptor));
  });
  if (!result) return std::unexpected(std::move(result.error()));
  return &pipelines_.emplace(kernel, std::move(made)).first->second;
}

GpuResult<OwnedBuffer> Gpu::create_buffer(std::uint64_t size, WGPUBufferUsage usage, bool mapped) {
  if (health_->is_lost()) return health_->lost_error();
  WGPUBufferDescriptor descriptor{};
  descriptor.size = size;
  descriptor.usage = usage;
  descriptor.mappedAtCreation = mapped ? 1 : 0;
  const auto create = [&] -> GpuResult<OwnedBuffer> {
    OwnedBuffer buffer;
    auto result = checked("a buffer of " + std::to_string(size) + " bytes",
                          [&] { buffer.reset(wgpu().DeviceCreateBuffer(device(), &descriptor)); });
    if (!result) return std::unexpected(std::move(result.error()));
    return buffer;
  };
  auto buffer = create();
  if (!buffer) {
    // What is kept for later may be all that is missing.
    for (BufferPool* const pool : {&storage_, &staging_, &readback_}) pool->clear();
    poll();
    buffer = create();
  }
  return buffer;
}

GpuResult<WGPUSubmissionIndex> Gpu::submit(OwnedCommandEncoder encoder) {
  OwnedCommandBuffer commands;
  auto finished = checked("the commands", [&] { commands.reset(wgpu().CommandEncoderFinish(encoder.get(), nullptr)); });
  // The library ends the process when it is asked to submit what has an error, or to a
  // device that it knows to be lost. What is left is a device that fails in this moment.
  poll();
  if (health_->is_lost()) return health_->lost_error();
  if (!finished) {
    logger().error("wgpu: {}", finished.error().message);
    return std::unexpected(std::move(finished.error()));
  }
  WGPUCommandBuffer handle = commands.get();
  const InGpuLibrary may_abort;
  return wgpu().QueueSubmitForIndex(queue_.get(), 1, &handle);
}

void Gpu::wait(WGPUSubmissionIndex submission) {
  const InGpuLibrary may_abort;
  wgpu().DevicePoll(device(), 1, &submission);
}

void Gpu::poll() {
  const InGpuLibrary may_abort;
  wgpu().DevicePoll(device(), 0, nullptr);
}

}  // namespace gpu_host::webgpu
