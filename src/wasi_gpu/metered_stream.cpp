#include "wasi_gpu/metered_stream.hpp"

#include <utility>

#include "forest/node.hpp"

namespace gpu_host {
namespace {

// Bytes that an operation reads and writes in buffers, each element once. Arguments
// were checked: nothing here exceeds the buffers, so nothing overflows.
constexpr std::uint64_t kElement = 4;  // a float or an index

std::uint64_t bytes_of(const BootstrapParams& params) { return kElement * params.n_samples; }

std::uint64_t bytes_of(const FindSplitParams& params) {
  const std::uint64_t per_sample = 3;     // its index, label and feature
  const std::uint64_t per_threshold = 2;  // itself and its score
  return kElement * (per_sample * params.n_samples + per_threshold * params.n_thresholds);
}

std::uint64_t bytes_of(const AverageParams& params) {
  return kElement * params.n_samples * (std::uint64_t{params.n_trees} + 1);
}

std::uint64_t bytes_of(const MatmulParams& params) {
  const std::uint64_t m = params.m;
  const std::uint64_t k = params.k;
  const std::uint64_t n = params.n;
  const std::uint64_t uses_of_c = params.beta == 0 ? 1 : 2;
  return kElement * (m * k + k * n + uses_of_c * m * n);
}

std::uint64_t bytes_of(const ElementwiseParams& params) {
  const std::uint64_t per_element = is_binary(params.op) ? 3 : 2;
  return kElement * per_element * params.n_elements;
}

std::uint64_t bytes_of(const ReduceParams& params) { return kElement * (std::uint64_t{params.n_elements} + 1); }

// Which nodes are visited depends on the data: all of them count.
std::uint64_t bytes_of(const BatchPredictParams& params, const Buffer& tree_nodes) {
  const std::uint64_t nodes = tree_nodes.size() / sizeof(forest::Node) * sizeof(forest::Node);
  const std::uint64_t per_row = std::uint64_t{params.n_features} + 1;
  return nodes + kElement * (params.batch_size * per_row + params.n_trees);
}

}  // namespace

MeteredStream::MeteredStream(std::unique_ptr<Stream> inner, const DeviceInfo& info,
                             std::span<const std::shared_ptr<Observer>> observers,
                             std::optional<std::chrono::nanoseconds> gpu_time, Interrupt* interrupt)
    : inner_(std::move(inner)),
      info_(info),
      observers_(observers.begin(), observers.end()),
      gpu_time_(gpu_time),
      interrupt_(interrupt) {}

void MeteredStream::start_clock(Clock::duration before) noexcept {
  begin_ = Clock::now() - before;
  if (!gpu_time_) return;
  const bool is_endless = *gpu_time_ > Clock::time_point::max() - begin_;
  interrupt_->set_deadline(is_endless ? Clock::time_point::max() : begin_ + *gpu_time_);
}

void MeteredStream::stop_deadline() noexcept {
  if (gpu_time_) interrupt_->clear_deadline();
}

template <class Work>
GpuResult<void> MeteredStream::meter(std::string_view operation, std::uint64_t bytes, const Work& work) {
  if (gpu_time_ && *gpu_time_ <= gpu_time_->zero()) {
    interrupt_->request(InterruptReason::gpu_time);
    return gpu_error(GpuErrorCode::kernel_error, "no GPU time is left");
  }
  // Also where the work throws: what comes after it is not on the device's clock.
  struct Deadline {
    MeteredStream& stream;
    ~Deadline() { stream.stop_deadline(); }
  };
  GpuResult<void> result;
  Clock::time_point end;
  {
    const Deadline deadline{*this};
    start_clock();
    result = work();
    inner_->wait();
    end = Clock::now();
  }
  if (gpu_time_) {
    *gpu_time_ -= end - begin_;
    if (*gpu_time_ <= gpu_time_->zero()) interrupt_->request(InterruptReason::gpu_time);
  }
  const DeviceWork done{info_.backend, info_.name, operation, begin_, end, result ? bytes : 0};
  for (const auto& observer : observers_) observer->on_device_work(done);
  return result;
}

GpuResult<std::unique_ptr<Buffer>> MeteredStream::allocate(std::uint64_t size) { return inner_->allocate(size); }

GpuResult<std::unique_ptr<Buffer>> MeteredStream::wrap(const WrappedMemory& memory) { return inner_->wrap(memory); }

void MeteredStream::release(std::unique_ptr<Buffer> buffer) noexcept { inner_->release(std::move(buffer)); }

GpuResult<void> MeteredStream::write(Buffer& buffer, std::uint64_t offset, std::span<const std::byte> data) {
  return meter("buffer-write", data.size(), [&] { return inner_->write(buffer, offset, data); });
}

GpuResult<void> MeteredStream::read(const Buffer& buffer, std::uint64_t offset, std::uint64_t size,
                                    const ReadDestination& destination) {
  // The clock starts anew after the guest's code, by what had run before it: the
  // interval that is reported has the device's time and ends when the work ended.
  const ReadDestination unmetered = [&] -> GpuResult<std::span<std::byte>> {
    const auto before = Clock::now() - begin_;
    stop_deadline();
    auto bytes = destination();
    start_clock(before);
    return bytes;
  };
  return meter("buffer-read", size, [&] { return inner_->read(buffer, offset, size, unmetered); });
}

GpuResult<void> MeteredStream::copy(const Buffer& source, std::uint64_t source_offset, Buffer& destination,
                                    std::uint64_t destination_offset, std::uint64_t size) {
  return meter("buffer-copy", 2 * size,
               [&] { return inner_->copy(source, source_offset, destination, destination_offset, size); });
}

GpuResult<void> MeteredStream::bootstrap_sample(const BootstrapParams& params, Buffer& output_indices) {
  return meter("kernel-bootstrap-sample", bytes_of(params),
               [&] { return inner_->bootstrap_sample(params, output_indices); });
}

GpuResult<void> MeteredStream::find_split(const FindSplitParams& params, std::uint64_t n_rows, const Buffer& data,
                                          const Buffer& labels, const Buffer& indices, const Buffer& thresholds,
                                          Buffer& output_scores) {
  return meter("kernel-find-split", bytes_of(params),
               [&] { return inner_->find_split(params, n_rows, data, labels, indices, thresholds, output_scores); });
}

GpuResult<void> MeteredStream::average(const AverageParams& params, const Buffer& tree_predictions, Buffer& output) {
  return meter("kernel-average", bytes_of(params), [&] { return inner_->average(params, tree_predictions, output); });
}

GpuResult<void> MeteredStream::matmul(const MatmulParams& params, const Buffer& a, const Buffer& b, Buffer& c) {
  return meter("kernel-matmul", bytes_of(params), [&] { return inner_->matmul(params, a, b, c); });
}

GpuResult<void> MeteredStream::elementwise(const ElementwiseParams& params, const Buffer& input_a,
                                           const Buffer* input_b, Buffer& output) {
  return meter("kernel-elementwise", bytes_of(params),
               [&] { return inner_->elementwise(params, input_a, input_b, output); });
}

GpuResult<void> MeteredStream::reduce(const ReduceParams& params, const Buffer& input, Buffer& output) {
  return meter("kernel-reduce", bytes_of(params), [&] { return inner_->reduce(params, input, output); });
}

GpuResult<void> MeteredStream::batch_predict(const BatchPredictParams& params, const Buffer& samples,
                                             const Buffer& tree_nodes, const Buffer& tree_offsets, Buffer& output) {
  return meter("kernel-batch-predict", bytes_of(params, tree_nodes),
               [&] { return inner_->batch_predict(params, samples, tree_nodes, tree_offsets, output); });
}

ForestEngine* MeteredStream::forests() { return inner_->forests(); }

GpuResult<void> MeteredStream::perform(std::string_view operation, const std::function<GpuResult<void>()>& work) {
  return meter(operation, 0, [&] { return inner_->perform(operation, work); });
}

void MeteredStream::wait() { inner_->wait(); }

std::optional<GpuError> MeteredStream::take_error() { return inner_->take_error(); }

}  // namespace gpu_host
