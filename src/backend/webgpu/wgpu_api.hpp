// wgpu-native, opened at run time: the same build runs where it is not installed.
#pragma once

#include <wgpu.h>

#include <string>

#include "gpu_host/result.hpp"

namespace gpu_host::webgpu {

// Every function of the library that is called, without its prefix `wgpu`.
#define WGH_WGPU_FUNCTIONS(X)             \
  X(AdapterGetFeatures)                   \
  X(AdapterGetInfo)                       \
  X(AdapterGetLimits)                     \
  X(AdapterInfoFreeMembers)               \
  X(AdapterRequestDevice)                 \
  X(BindGroupLayoutRelease)               \
  X(BindGroupRelease)                     \
  X(BufferGetConstMappedRange)            \
  X(BufferGetMappedRange)                 \
  X(BufferMapAsync)                       \
  X(BufferRelease)                        \
  X(BufferUnmap)                          \
  X(CommandBufferRelease)                 \
  X(CommandEncoderBeginComputePass)       \
  X(CommandEncoderClearBuffer)            \
  X(CommandEncoderCopyBufferToBuffer)     \
  X(CommandEncoderFinish)                 \
  X(CommandEncoderRelease)                \
  X(ComputePassEncoderDispatchWorkgroups) \
  X(ComputePassEncoderEnd)                \
  X(ComputePassEncoderRelease)            \
  X(ComputePassEncoderSetBindGroup)       \
  X(ComputePassEncoderSetImmediates)      \
  X(ComputePassEncoderSetPipeline)        \
  X(ComputePipelineRelease)               \
  X(CreateInstance)                       \
  X(DeviceCreateBindGroup)                \
  X(DeviceCreateBindGroupLayout)          \
  X(DeviceCreateBuffer)                   \
  X(DeviceCreateCommandEncoder)           \
  X(DeviceCreateComputePipeline)          \
  X(DeviceCreatePipelineLayout)           \
  X(DeviceCreateShaderModuleTrusted)      \
  X(DeviceDestroy)                        \
  X(DeviceGetQueue)                       \
  X(DevicePoll)                           \
  X(DevicePopErrorScope)                  \
  X(DevicePushErrorScope)                 \
  X(DeviceRelease)                        \
  X(GetVersion)                           \
  X(InstanceEnumerateAdapters)            \
  X(PipelineLayoutRelease)                \
  X(QueueRelease)                         \
  X(QueueSubmitForIndex)                  \
  X(SetLogCallback)                       \
  X(SetLogLevel)                          \
  X(ShaderModuleRelease)                  \
  X(SupportedFeaturesFreeMembers)

struct WgpuApi {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration takes none.
#define WGH_WGPU_MEMBER(name) decltype(&::wgpu##name) name = nullptr;
  // NOLINTNEXTLINE(readability-identifier-naming): the library's own names.
  WGH_WGPU_FUNCTIONS(WGH_WGPU_MEMBER)
#undef WGH_WGPU_MEMBER
};

// Opens the library, once; an error says why it cannot be used. Where it is looked for:
// the environment variable WGPU_NATIVE_LIBRARY (then nowhere else), the loader's path and
// the program's own (lib/gpu_host, where it is installed), what the build was made with.
[[nodiscard]] const Result<WgpuApi>& open_wgpu();

// The functions, once open_wgpu() has succeeded. It stays open for good.
[[nodiscard]] const WgpuApi& wgpu();

// -- the library's types in C++ ------------------------------------------------
[[nodiscard]] inline WGPUStringView view(std::string_view text) { return {text.data(), text.size()}; }
[[nodiscard]] std::string text(WGPUStringView view);

}  // namespace gpu_host::webgpu
