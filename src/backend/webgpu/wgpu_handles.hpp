// Owned objects of wgpu-native.
#pragma once

#include <memory>
#include <type_traits>

#include "backend/webgpu/wgpu_api.hpp"

namespace gpu_host::webgpu {

template <auto Release>
struct Releaser {
  template <class Object>
  void operator()(Object* object) const {
    (wgpu().*Release)(object);
  }
};

template <class Handle, auto Release>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Releaser<Release>>;

using OwnedBindGroup = Owned<WGPUBindGroup, &WgpuApi::BindGroupRelease>;
using OwnedBindGroupLayout = Owned<WGPUBindGroupLayout, &WgpuApi::BindGroupLayoutRelease>;
using OwnedBuffer = Owned<WGPUBuffer, &WgpuApi::BufferRelease>;
using OwnedCommandBuffer = Owned<WGPUCommandBuffer, &WgpuApi::CommandBufferRelease>;
using OwnedCommandEncoder = Owned<WGPUCommandEncoder, &WgpuApi::CommandEncoderRelease>;
using OwnedComputePass = Owned<WGPUComputePassEncoder, &WgpuApi::ComputePassEncoderRelease>;
using OwnedDevice = Owned<WGPUDevice, &WgpuApi::DeviceRelease>;
using OwnedPipeline = Owned<WGPUComputePipeline, &WgpuApi::ComputePipelineRelease>;
using OwnedPipelineLayout = Owned<WGPUPipelineLayout, &WgpuApi::PipelineLayoutRelease>;
using OwnedQueue = Owned<WGPUQueue, &WgpuApi::QueueRelease>;
using OwnedShaderModule = Owned<WGPUShaderModule, &WgpuApi::ShaderModuleRelease>;

}  // namespace gpu_host::webgpu
