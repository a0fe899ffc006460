#include "backend/cuda/cuda_stream.hpp"

#include <utility>

#include "backend/cuda/kernels.hpp"

namespace gpu_host::cuda {
namespace {

// Every buffer of a stream is one that it made.
// What is not const will be written.
CudaBuffer& own(Buffer& buffer) {
  auto& found = static_cast<CudaBuffer&>(buffer);
  found.set_ahead(true);
  return found;
}
const CudaBuffer& own(const Buffer& buffer) { return static_cast<const CudaBuffer&>(buffer); }

}  // namespace

GpuResult<std::unique_ptr<Stream>> CudaStream::create(std::shared_ptr<Gpu> gpu, const StreamOptions& options) {
  auto stream = std::make_unique<CudaStream>(std::move(gpu), options);
  const auto context = stream->current();
  if (auto prepared = stream->work_->queue.prepare(); !prepared) return std::unexpected(std::move(prepared.error()));
  return stream;
}

CudaStream::CudaStream(std::shared_ptr<Gpu> gpu, const StreamOptions& options)
    : gpu_(std::move(gpu)),
      work_(std::make_unique<Work>(*gpu_, options)),
      arrays_([this](const DeviceBuffer& buffer, const ReadDestination& destination) {
        return work_->transfers.read(own(buffer).address(), buffer.size(), destination);
      }) {}

CudaStream::~CudaStream() {
  const auto context = current();
  work_->queue.finish();
  work_.reset();
}

GpuResult<std::unique_ptr<Buffer>> CudaStream::allocate(std::uint64_t size) {
  const auto context = current();
  auto memory = work_->queue.allocate(size);
  if (!memory) return std::unexpected(std::move(memory.error()));
  if (auto cleared = work_->queue.clear(memory->address(), size); !cleared) {
    return std::unexpected(std::move(cleared.error()));
  }
  return std::make_unique<CudaBuffer>(size, *std::move(memory));
}

GpuResult<std::unique_ptr<Buffer>> CudaStream::wrap(const WrappedMemory& memory) {
  if (auto checked = memory.check(); !checked) return std::unexpected(std::move(checked.error()));
  const auto context = current();
  auto copy = work_->queue.allocate(memory.bytes.size());
  if (!copy) return std::unexpected(std::move(copy.error()));
  auto buffer = std::make_unique<CudaBuffer>(memory, *std::move(copy));
  auto written = work_->transfers.write(buffer->address(), memory.bytes);
  if (!written) return std::unexpected(std::move(written.error()));
  if (!memory.read_only) arrays_.add(*buffer);
  return buffer;
}

void CudaStream::release(std::unique_ptr<Buffer> buffer) noexcept {
  const auto context = current();
  auto updated = arrays_.remove(static_cast<CudaBuffer&>(*buffer));
  if (!updated && !late_error_) late_error_ = std::move(updated.error());
  buffer.reset();
}

GpuResult<void> CudaStream::write(Buffer& buffer, std::uint64_t offset, std::span<const std::byte> data) {
  const auto context = current();
  return work_->transfers.write(own(buffer).address() + offset, data);
}

GpuResult<void> CudaStream::read(const Buffer& buffer, std::uint64_t offset, std::uint64_t size,
                                 const ReadDestination& destination) {
  const auto context = current();
  if (auto late = take_error()) return std::unexpected(*std::move(late));
  auto result = work_->transfers.read(own(buffer).address() + offset, size, destination);
  return result ? arrays_.update() : result;
}

GpuResult<void> CudaStream::copy(const Buffer& source, std::uint64_t source_offset, Buffer& destination,
                                 std::uint64_t destination_offset, std::uint64_t size) {
  const auto context = current();
  return work_->transfers.copy(own(source).address() + source_offset, own(destination).address() + destination_offset,
                               size);
}

GpuResult<void> CudaStream::bootstrap_sample(const BootstrapParams& params, Buffer& output_indices) {
  const auto context = current();
  return cuda::bootstrap_sample(work_->queue, params, own(output_indices));
}

GpuResult<void> CudaStream::find_split(const FindSplitParams& params, std::uint64_t n_rows, const Buffer& data,
                                       const Buffer& labels, const Buffer& indices, const Buffer& thresholds,
                                       Buffer& output_scores) {
  const auto context = current();
  return cuda::find_split(work_->queue, params, n_rows, own(data), own(labels), own(indices), own(thresholds),
                          own(output_scores));
}

GpuResult<void> CudaStream::average(const AverageParams& params, const Buffer& tree_predictions, Buffer& output) {
  const auto context = current();
  return cuda::average(work_->queue, params, own(tree_predictions), own(output));
}

GpuResult<void> CudaStream::matmul(const MatmulParams& params, const Buffer& a, const Buffer& b, Buffer& c) {
  const auto context = current();
  return cuda::matmul(work_->queue, params, own(a), own(b), own(c));
}

GpuResult<void> CudaStream::elementwise(const ElementwiseParams& params, const Buffer& input_a, const Buffer* input_b,
                                        Buffer& output) {
  const auto context = current();
  const CudaBuffer* const b = input_b == nullptr ? nullptr : &own(*input_b);
  return cuda::elementwise(work_->queue, params, own(input_a), b, own(output));
}

GpuResult<void> CudaStream::reduce(const ReduceParams& params, const Buffer& input, Buffer& output) {
  const auto context = current();
  return cuda::reduce(work_->queue, params, own(input), own(output));
}

GpuResult<void> CudaStream::batch_predict(const BatchPredictParams& params, const Buffer& samples,
                                          const Buffer& tree_nodes, const Buffer& tree_offsets, Buffer& output) {
  const auto context = current();
  return cuda::batch_predict(work_->queue, params, own(samples), own(tree_nodes), own(tree_offsets), own(output));
}

void CudaStream::wait() {
  const auto context = current();
  auto done = work_->queue.wait();
  if (done) done = arrays_.update();
  if (!done && !late_error_) late_error_ = std::move(done.error());
}

std::optional<GpuError> CudaStream::take_error() { return std::exchange(late_error_, std::nullopt); }

}  // namespace gpu_host::cuda
