// webgpu_peer ADAPTER CASE SIZE: what a minimal WebGPU program takes for the work that
// bench/webgpu.cpp compares with, each kernel as a textbook has it. It first checks its
// own result. For each line with a number it does the work so many times and prints
// the seconds, from the first call until the device is done.
#include <wgpu.h>

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "array.hpp"
#include "comparison.hpp"

namespace {

using gpu_host::bench::Array;
using gpu_host::bench::Operation;
using gpu_host::bench::random_floats;
using gpu_host::bench::seconds_of;

constexpr std::uint32_t kWorkgroup = 256;
constexpr std::uint32_t kMaxWorkgroups = 65'535;
constexpr std::uint32_t kTrees = 100;
constexpr std::uint32_t kPartialSums = 1024;
constexpr std::int64_t kLaunchesPerSubmission = 64;

constexpr std::string_view kShader = R"(
override n = 1u;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

@compute @workgroup_size(16, 16)
fn matmul(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= n || id.y >= n) { return; }
  var sum = 0.0;
  for (var k = 0u; k < n; k++) { sum += a[id.y * n + k] * b[k * n + id.x]; }
  c[id.y * n + id.x] = sum;
}

@compute @workgroup_size(256)
fn average(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= arrayLength(&c)) { return; }
  var sum = 0.0;
  for (var k = 0u; k < n; k++) { sum += a[id.x * n + k]; }
  c[id.x] = sum / f32(n);
}

@compute @workgroup_size(256)
fn relu(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) local: u32) {
  let i = (group.y * groups.x + group.x) * 256u + local;
  if (i < arrayLength(&c)) { c[i] = max(a[i], 0.0); }
}

var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u,
       @builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var i = id.x; i < arrayLength(&a); i += groups.x * 256u) { sum += a[i]; }
  sums[local] = sum;
  workgroupBarrier();
  for (var half = 128u; half > 0u; half /= 2u) {
    if (local < half) { sums[local] += sums[local + half]; }
    workgroupBarrier();
  }
  if (local == 0u) { c[group.x] = sums[0]; }
}
)";

[[noreturn]] void fail(std::string_view message) {
  std::fprintf(stderr, "webgpu_peer: %.*s\n", static_cast<int>(message.size()), message.data());
  std::exit(2);
}

std::string_view text(WGPUStringView view) {
  return view.data == nullptr ? "" : std::string_view(view.data, view.length);
}
WGPUStringView view(std::string_view text) { return {text.data(), text.size()}; }

struct Slot {
  std::uint32_t binding;
  WGPUBuffer buffer;
};

// A kernel and all that it works on.
struct Launch {
  WGPUComputePipeline pipeline;
  WGPUBindGroup group;
  std::uint32_t x;  // workgroups
  std::uint32_t y = 1;
};

// Everything that is made once lives until the process ends.
class Gpu {
 public:
  explicit Gpu(std::size_t adapter_number) {
    WGPUInstanceExtras extras{};
    extras.chain.sType = static_cast<WGPUSType>(WGPUSType_InstanceExtras);
    extras.backends = WGPUInstanceBackend_Vulkan;
    extras.flags = WGPUInstanceFlag_Empty;
    WGPUInstanceDescriptor instance_descriptor{};
    instance_descriptor.nextInChain = &extras.chain;
    WGPUInstance instance = wgpuCreateInstance(&instance_descriptor);
    WGPUInstanceEnumerateAdapterOptions options{};
    options.backends = WGPUInstanceBackend_Vulkan;
    std::vector<WGPUAdapter> adapters(wgpuInstanceEnumerateAdapters(instance, &options, nullptr));
    wgpuInstanceEnumerateAdapters(instance, &options, adapters.data());
    if (adapter_number >= adapters.size()) fail("no such adapter");

    WGPULimits limits{};
    wgpuAdapterGetLimits(adapters[adapter_number], &limits);
    WGPUDeviceDescriptor descriptor{};
    descriptor.requiredLimits = &limits;
    descriptor.uncapturedErrorCallbackInfo.callback = [](const WGPUDevice*, WGPUErrorType, WGPUStringView message,
                                                         void*, void*) { fail(text(message)); };
    WGPURequestDeviceCallbackInfo callback{};
    callback.mode = WGPUCallbackMode_AllowSpontaneous;
    callback.userdata1 = static_cast<void*>(&device_);
    callback.callback = [](WGPURequestDeviceStatus, WGPUDevice device, WGPUStringView, void* to, void*) {
      *static_cast<WGPUDevice*>(to) = device;
    };
    wgpuAdapterRequestDevice(adapters[adapter_number], &descriptor, callback);
    if (device_ == nullptr) fail("the adapter gives no device");
    queue_ = wgpuDeviceGetQueue(device_);

    WGPUShaderSourceWGSL source{};
    source.chain.sType = WGPUSType_ShaderSourceWGSL;
    source.code = view(kShader);
    WGPUShaderModuleDescriptor module{};
    module.nextInChain = &source.chain;
    module_ = wgpuDeviceCreateShaderModule(device_, &module);
  }

  [[nodiscard]] WGPUBuffer buffer(std::uint64_t bytes, WGPUBufferUsage more = WGPUBufferUsage_Storage) const {
    WGPUBufferDescriptor descriptor{};
    descriptor.size = bytes;
    descriptor.usage = WGPUBufferUsage_CopyDst | more;
    if (more == WGPUBufferUsage_Storage) descriptor.usage |= WGPUBufferUsage_CopySrc;
    return wgpuDeviceCreateBuffer(device_, &descriptor);
  }

  [[nodiscard]] WGPUBuffer buffer(const Array<float>& data) const {
    WGPUBuffer made = buffer(data.bytes().size());
    wgpuQueueWriteBuffer(queue_, made, 0, data.data(), data.bytes().size());
    return made;
  }

  [[nodiscard]] Launch launch(const char* entry_point, std::uint32_t n, std::initializer_list<Slot> slots,
                              std::uint32_t x, std::uint32_t y = 1) const {
    const WGPUConstantEntry constant{.nextInChain = nullptr, .key = view("n"), .value = static_cast<double>(n)};
    WGPUComputePipelineDescriptor descriptor{};
    descriptor.compute.module = module_;
    descriptor.compute.entryPoint = view(entry_point);
    descriptor.compute.constants = &constant;
    descriptor.compute.constantCount = 1;
    WGPUComputePipeline pipeline = wgpuDeviceCreateComputePipeline(device_, &descriptor);
    std::vector<WGPUBindGroupEntry> entries;
    for (const Slot& slot : slots) {
      entries.push_back({.nextInChain = nullptr,
                         .binding = slot.binding,
                         .buffer = slot.buffer,
                         .offset = 0,
                         .size = WGPU_WHOLE_SIZE,
                         .sampler = nullptr,
                         .textureView = nullptr});
    }
    WGPUBindGroupDescriptor group{};
    group.layout = wgpuComputePipelineGetBindGroupLayout(pipeline, 0);
    group.entries = entries.data();
    group.entryCount = entries.size();
    return {pipeline, wgpuDeviceCreateBindGroup(device_, &group), x, y};
  }

  [[nodiscard]] WGPUCommandEncoder encoder() const { return wgpuDeviceCreateCommandEncoder(device_, nullptr); }

  // `count` of the launches, in turn.
  static void record(WGPUCommandEncoder encoder, const std::vector<Launch>& launches, std::int64_t count) {
    WGPUComputePassEncoder pass = wgpuCommandEncoderBeginComputePass(encoder, nullptr);
    for (std::int64_t i = 0; i < count; ++i) {
      const Launch& launch = launches[static_cast<std::size_t>(i) % launches.size()];
      wgpuComputePassEncoderSetPipeline(pass, launch.pipeline);
      wgpuComputePassEncoderSetBindGroup(pass, 0, launch.group, 0, nullptr);
      wgpuComputePassEncoderDispatchWorkgroups(pass, launch.x, launch.y, 1);
    }
    wgpuComputePassEncoderEnd(pass);
    wgpuComputePassEncoderRelease(pass);
  }

  void submit(WGPUCommandEncoder encoder) const {
    WGPUCommandBuffer commands = wgpuCommandEncoderFinish(encoder, nullptr);
    wgpuQueueSubmit(queue_, 1, &commands);
    wgpuCommandBufferRelease(commands);
    wgpuCommandEncoderRelease(encoder);
  }

  void wait() const { wgpuDevicePoll(device_, 1, nullptr); }

  // Through `mappable`, which is as large.
  void read(WGPUBuffer buffer, WGPUBuffer mappable, void* to, std::uint64_t bytes) const {
    WGPUCommandEncoder encoder = this->encoder();
    wgpuCommandEncoderCopyBufferToBuffer(encoder, buffer, 0, mappable, 0, bytes);
    submit(encoder);
    WGPUBufferMapCallbackInfo callback{};
    callback.mode = WGPUCallbackMode_AllowSpontaneous;
    callback.callback = [](WGPUMapAsyncStatus status, WGPUStringView, void*, void*) {
      if (status != WGPUMapAsyncStatus_Success) fail("mapping failed");
    };
    wgpuBufferMapAsync(mappable, WGPUMapMode_Read, 0, bytes, callback);
    wait();
    std::memcpy(to, wgpuBufferGetConstMappedRange(mappable, 0, bytes), bytes);
    wgpuBufferUnmap(mappable);
  }

  [[nodiscard]] Array<float> floats(WGPUBuffer buffer, std::size_t count) const {
    const Array<float> values(count);
    WGPUBuffer mappable = this->buffer(values.bytes().size(), WGPUBufferUsage_MapRead);
    read(buffer, mappable, values.data(), values.bytes().size());
    wgpuBufferRelease(mappable);
    return values;
  }

 private:
  WGPUDevice device_ = nullptr;
  WGPUQueue queue_ = nullptr;
  WGPUShaderModule module_ = nullptr;
};

// Written so that NaN does not pass.
void check(double value, double expected) {
  if (!(std::abs(value - expected) <= 1e-3 * std::max(1.0, std::abs(expected)))) fail("a wrong result");
}

// All launches in one submission, and wait.
Operation repeated(const Gpu& gpu, const std::vector<Launch>& launches) {
  return [&gpu, launches](std::int64_t count) {
    return seconds_of([&] {
      for (std::int64_t i = 0; i < count; ++i) {
        WGPUCommandEncoder encoder = gpu.encoder();
        Gpu::record(encoder, launches, static_cast<std::int64_t>(launches.size()));
        gpu.submit(encoder);
        gpu.wait();
      }
    });
  };
}

Operation matmul(const Gpu& gpu, std::uint32_t size) {
  const std::size_t elements = std::size_t{size} * size;
  const auto data = random_floats(elements, -1, 1);
  WGPUBuffer c = gpu.buffer(elements * sizeof(float));
  const std::uint32_t groups = (size + 15) / 16;
  auto run = repeated(
      gpu, {gpu.launch("matmul", size, {{0, gpu.buffer(data)}, {1, gpu.buffer(data)}, {2, c}}, groups, groups)});
  run(1);
  const Array<float> results = gpu.floats(c, elements);
  for (std::size_t i = 0; i < elements; i += elements / 100 + 1) {
    double sum = 0;
    for (std::size_t k = 0; k < size; ++k) sum += double{data[i / size * size + k]} * data[k * size + i % size];
    check(results[i], sum);
  }
  return run;
}

Operation average(const Gpu& gpu, std::uint32_t rows) {
  const auto data = random_floats(std::size_t{rows} * kTrees, 0, 1);
  WGPUBuffer out = gpu.buffer(std::size_t{rows} * sizeof(float));
  auto run = repeated(
      gpu, {gpu.launch("average", kTrees, {{0, gpu.buffer(data)}, {2, out}}, (rows + kWorkgroup - 1) / kWorkgroup)});
  run(1);
  const Array<float> results = gpu.floats(out, rows);
  for (std::size_t row = 0; row < rows; ++row) {
    double sum = 0;
    for (std::size_t k = 0; k < kTrees; ++k) sum += data[row * kTrees + k];
    check(results[row], sum / kTrees);
  }
  return run;
}

Launch relu_launch(const Gpu& gpu, std::uint32_t size, WGPUBuffer in, WGPUBuffer out) {
  const std::uint32_t groups = (size + kWorkgroup - 1) / kWorkgroup;
  const std::uint32_t x = std::min(groups, kMaxWorkgroups);
  return gpu.launch("relu", 1, {{0, in}, {2, out}}, x, (groups + x - 1) / x);
}

Operation relu(const Gpu& gpu, std::uint32_t size) {
  const auto data = random_floats(size, -1, 1);
  WGPUBuffer out = gpu.buffer(std::size_t{size} * sizeof(float));
  auto run = repeated(gpu, {relu_launch(gpu, size, gpu.buffer(data), out)});
  run(1);
  const Array<float> results = gpu.floats(out, size);
  for (std::size_t i = 0; i < size; ++i) check(results[i], std::max(data[i], 0.0F));
  return run;
}

Operation sum(const Gpu& gpu, std::uint32_t size) {
  const auto data = random_floats(size, 0, 1);
  WGPUBuffer partial = gpu.buffer(kPartialSums * sizeof(float));
  WGPUBuffer out = gpu.buffer(sizeof(float));
  auto run = repeated(gpu, {gpu.launch("sum", 1, {{0, gpu.buffer(data)}, {2, partial}}, kPartialSums),
                            gpu.launch("sum", 1, {{0, partial}, {2, out}}, 1)});
  run(1);
  double expected = 0;
  for (const float value : data) expected += value;
  check(gpu.floats(out, 1)[0], expected);
  return run;
}

// Each on what the one before it wrote, bound beforehand.
Operation small_kernels(const Gpu& gpu, std::uint32_t size) {
  WGPUBuffer a = gpu.buffer(random_floats(size, -1, 1));
  WGPUBuffer b = gpu.buffer(std::size_t{size} * sizeof(float));
  const std::vector<Launch> launches{relu_launch(gpu, size, a, b), relu_launch(gpu, size, b, a)};
  return [&gpu, launches](std::int64_t count) {
    return seconds_of([&] {
      for (std::int64_t done = 0; done < count; done += kLaunchesPerSubmission) {
        WGPUCommandEncoder encoder = gpu.encoder();
        Gpu::record(encoder, launches, std::min(kLaunchesPerSubmission, count - done));
        gpu.submit(encoder);
      }
      gpu.wait();
    });
  };
}

Operation reading(const Gpu& gpu, std::uint32_t bytes) {
  return [&gpu, bytes, from = gpu.buffer(bytes),
          mappable = gpu.buffer(bytes, WGPUBufferUsage_MapRead)](std::int64_t count) {
    std::vector<std::byte> to(bytes);
    return seconds_of([&] {
      for (std::int64_t i = 0; i < count; ++i) gpu.read(from, mappable, to.data(), bytes);
    });
  };
}

// From one buffer of the device to another.
Operation copying(const Gpu& gpu, std::uint32_t bytes) {
  return [&gpu, bytes, from = gpu.buffer(random_floats(bytes / sizeof(float), 0, 1)),
          to = gpu.buffer(bytes)](std::int64_t count) {
    return seconds_of([&] {
      for (std::int64_t i = 0; i < count; ++i) {
        WGPUCommandEncoder encoder = gpu.encoder();
        wgpuCommandEncoderCopyBufferToBuffer(encoder, from, 0, to, 0, bytes);
        gpu.submit(encoder);
        gpu.wait();
      }
    });
  };
}

struct Case {
  std::string_view name;
  Operation (*prepare)(const Gpu& gpu, std::uint32_t size);
};
constexpr Case kCases[] = {{"matmul", &matmul},       {"average", &average}, {"relu", &relu},      {"sum", &sum},
                           {"small", &small_kernels}, {"reading", &reading}, {"copying", &copying}};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) fail("usage: webgpu_peer ADAPTER CASE SIZE");
  const auto* const wanted = std::ranges::find(kCases, std::string_view(argv[2]), &Case::name);
  if (wanted == std::end(kCases)) fail("no such case");
  const Gpu gpu(std::strtoul(argv[1], nullptr, 10));
  const Operation run = wanted->prepare(gpu, static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10)));
  std::int64_t count = 0;
  while (std::scanf("%" SCNd64, &count) == 1) {
    std::printf("%.9f\n", run(count));
    std::fflush(stdout);
  }
  return 0;
}
