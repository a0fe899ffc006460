#include "backend/webgpu/webgpu_stream.hpp"

#include <utility>

#include "backend/webgpu/kernels.hpp"
#include "backend/webgpu/transfers.hpp"
#include "backend/webgpu/webgpu_buffer.hpp"

namespace gpu_host::webgpu {
namespace {

// Every buffer of a stream is one that it made.
// What is not const will be written.
WebGpuBuffer& own(Buffer& buffer) {
  auto& found = static_cast<WebGpuBuffer&>(buffer);
  found.set_ahead(true);
  return found;
}
const WebGpuBuffer& own(const Buffer& buffer) { return static_cast<const WebGpuBuffer&>(buffer); }

}  // namespace

WebGpuStream::WebGpuStream(Gpu& gpu, const StreamOptions& options)
    : commands_(gpu, options.interrupt),
      arrays_([this](const DeviceBuffer& buffer, const ReadDestination& destination) {
        return webgpu::read(commands_, own(buffer), 0, buffer.size(), destination);
      }) {}

GpuResult<std::unique_ptr<Buffer>> WebGpuStream::allocate(std::uint64_t size) {
  auto memory = commands_.allocate(size, true);
  if (!memory) return std::unexpected(std::move(memory.error()));
  return std::make_unique<WebGpuBuffer>(size, *std::move(memory));
}

GpuResult<std::unique_ptr<Buffer>> WebGpuStream::wrap(const WrappedMemory& memory) {
  if (auto checked = memory.check(); !checked) return std::unexpected(std::move(checked.error()));
  auto copy = commands_.allocate(memory.bytes.size(), false);
  if (!copy) return std::unexpected(std::move(copy.error()));
  auto buffer = std::make_unique<WebGpuBuffer>(memory, *std::move(copy));
  auto written = webgpu::write(commands_, *buffer, 0, memory.bytes);
  if (!written) return std::unexpected(std::move(written.error()));
  if (!memory.read_only) arrays_.add(*buffer);
  return buffer;
}

void WebGpuStream::release(std::unique_ptr<Buffer> buffer) noexcept {
  auto& released = static_cast<WebGpuBuffer&>(*buffer);
  auto updated = arrays_.remove(released);
  if (!updated && !late_error_) late_error_ = std::move(updated.error());
  commands_.recycle(released.take_memory());
}

GpuResult<void> WebGpuStream::write(Buffer& buffer, std::uint64_t offset, std::span<const std::byte> data) {
  return webgpu::write(commands_, own(buffer), offset, data);
}

GpuResult<void> WebGpuStream::read(const Buffer& buffer, std::uint64_t offset, std::uint64_t size,
                                   const ReadDestination& destination) {
  if (auto late = take_error()) return std::unexpected(*std::move(late));
  auto result = webgpu::read(commands_, own(buffer), offset, size, destination);
  return result ? arrays_.update() : result;
}

GpuResult<void> WebGpuStream::copy(const Buffer& source, std::uint64_t source_offset, Buffer& destination,
                                   std::uint64_t destination_offset, std::uint64_t size) {
  return webgpu::copy(commands_, own(source), source_offset, own(destination), destination_offset, size);
}

GpuResult<void> WebGpuStream::bootstrap_sample(const BootstrapParams& params, Buffer& output_indices) {
  return webgpu::bootstrap_sample(commands_, params, own(output_indices));
}

GpuResult<void> WebGpuStream::find_split(const FindSplitParams& params, std::uint64_t n_rows, const Buffer& data,
                                         const Buffer& labels, const Buffer& indices, const Buffer& thresholds,
                                         Buffer& output_scores) {
  return webgpu::find_split(commands_, params, n_rows, own(data), own(labels), own(indices), own(thresholds),
                            own(output_scores));
}

GpuResult<void> WebGpuStream::average(const AverageParams& params, const Buffer& tree_predictions, Buffer& output) {
  return webgpu::average(commands_, params, own(tree_predictions), own(output));
}

GpuResult<void> WebGpuStream::matmul(const MatmulParams& params, const Buffer& a, const Buffer& b, Buffer& c) {
  return webgpu::matmul(commands_, params, own(a), own(b), own(c));
}

GpuResult<void> WebGpuStream::elementwise(const ElementwiseParams& params, const Buffer& input_a, const Buffer* input_b,
                                          Buffer& output) {
  const WebGpuBuffer* const b = input_b == nullptr ? nullptr : &own(*input_b);
  return webgpu::elementwise(commands_, params, own(input_a), b, own(output));
}

GpuResult<void> WebGpuStream::reduce(const ReduceParams& params, const Buffer& input, Buffer& output) {
  return webgpu::reduce(commands_, params, own(input), own(output));
}

GpuResult<void> WebGpuStream::batch_predict(const BatchPredictParams& params, const Buffer& samples,
                                            const Buffer& tree_nodes, const Buffer& tree_offsets, Buffer& output) {
  return webgpu::batch_predict(commands_, params, own(samples), own(tree_nodes), own(tree_offsets), own(output));
}

void WebGpuStream::wait() {
  auto done = commands_.read_back(nullptr, 0, 0, nullptr);
  if (done) done = arrays_.update();
  if (!done && !late_error_) late_error_ = std::move(done.error());
}

std::optional<GpuError> WebGpuStream::take_error() { return std::exchange(late_error_, std::nullopt); }

}  // namespace gpu_host::webgpu
