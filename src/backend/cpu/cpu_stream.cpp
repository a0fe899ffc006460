#include "backend/cpu/cpu_stream.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "backend/cpu/cpu_buffer.hpp"

namespace gpu_host::cpu {
namespace {

// Every buffer of a stream is one that it made.
CpuBuffer& cpu_buffer(Buffer& buffer) { return static_cast<CpuBuffer&>(buffer); }
const CpuBuffer& cpu_buffer(const Buffer& buffer) { return static_cast<const CpuBuffer&>(buffer); }

std::span<const float> floats(const Buffer& buffer) { return cpu_buffer(buffer).as<const float>(); }
std::span<float> floats(Buffer& buffer) { return cpu_buffer(buffer).as<float>(); }
std::span<const std::uint32_t> indices_of(const Buffer& buffer) { return cpu_buffer(buffer).as<const std::uint32_t>(); }

std::unexpected<GpuError> no_memory(std::uint64_t size, const std::string& why) {
  return gpu_error(GpuErrorCode::out_of_memory, "no memory for a buffer of " + std::to_string(size) + " bytes: " + why);
}

// `call`, for whose scratch space or threads there may be no memory.
template <class Call>
GpuResult<void> checked(const Call& call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return gpu_error(GpuErrorCode::out_of_memory, "no memory for a kernel's threads or scratch space");
  }
}

}  // namespace

GpuResult<std::unique_ptr<Buffer>> CpuStream::allocate(std::uint64_t size) {
  // More than there is could never be filled; the system might promise it.
  if (size > total_memory_ || size > SIZE_MAX - kBufferAlignment) {
    return no_memory(size, "the device has " + std::to_string(total_memory_));
  }
  // calloc, not an aligned allocation: it leaves fresh pages of the system, which
  // are zero, untouched.
  const std::size_t padded = static_cast<std::size_t>(size) + kBufferAlignment;
  void* const block = std::calloc(padded, 1);
  if (block == nullptr) return no_memory(size, "the system has no more");
  try {
    std::shared_ptr<const void> owner(block, std::free);  // frees the block even when this throws
    const auto misaligned = reinterpret_cast<std::uintptr_t>(block) % kBufferAlignment;
    auto* const bytes = static_cast<std::byte*>(block) + (kBufferAlignment - misaligned) % kBufferAlignment;
    const std::span span(bytes, static_cast<std::size_t>(size));
    return std::make_unique<CpuBuffer>(span, false, std::move(owner));
  } catch (const std::bad_alloc&) {
    return no_memory(size, "the system has no more");
  }
}

GpuResult<std::unique_ptr<Buffer>> CpuStream::wrap(const WrappedMemory& memory) {
  if (auto checked = memory.check(); !checked) return std::unexpected(std::move(checked.error()));
  return std::make_unique<CpuBuffer>(memory.bytes, memory.read_only, memory.owner);
}

GpuResult<void> CpuStream::write(Buffer& buffer, std::uint64_t offset, std::span<const std::byte> data) {
  return move_bytes(cpu_buffer(buffer).bytes() + offset, data.data(), data.size());
}

GpuResult<void> CpuStream::read(const Buffer& buffer, std::uint64_t offset, std::uint64_t size,
                                const ReadDestination& destination) {
  const auto bytes = destination();
  if (!bytes) return std::unexpected(bytes.error());
  return move_bytes(bytes->data(), cpu_buffer(buffer).bytes() + offset, static_cast<std::size_t>(size));
}

GpuResult<void> CpuStream::copy(const Buffer& source, std::uint64_t source_offset, Buffer& destination,
                                std::uint64_t destination_offset, std::uint64_t size) {
  return move_bytes(cpu_buffer(destination).bytes() + destination_offset, cpu_buffer(source).bytes() + source_offset,
                    static_cast<std::size_t>(size));
}

GpuResult<void> CpuStream::move_bytes(std::byte* to, const std::byte* from, std::size_t size) const {
  constexpr std::size_t kChunk = std::size_t{64} << 20U;  // between two looks at the interrupt
  const bool backwards = to > from;                       // else an overlap would be overwritten before it is read
  for (std::size_t done = 0; done < size;) {
    const std::size_t chunk = std::min(kChunk, size - done);
    const std::size_t at = backwards ? size - done - chunk : done;
    std::memmove(to + at, from + at, chunk);
    done += chunk;
    if (done < size && workers_.stop()) return interrupted();
  }
  return {};
}

GpuResult<void> CpuStream::bootstrap_sample(const BootstrapParams& params, Buffer& output_indices) {
  return checked(
      [&] { return cpu::bootstrap_sample(workers_, params, cpu_buffer(output_indices).as<std::uint32_t>()); });
}

GpuResult<void> CpuStream::find_split(const FindSplitParams& params, std::uint64_t n_rows, const Buffer& data,
                                      const Buffer& labels, const Buffer& indices, const Buffer& thresholds,
                                      Buffer& output_scores) {
  return checked([&] {
    return cpu::find_split(workers_, find_split_scratch_, params, n_rows, floats(data), floats(labels),
                           indices_of(indices), floats(thresholds), floats(output_scores));
  });
}

GpuResult<void> CpuStream::average(const AverageParams& params, const Buffer& tree_predictions, Buffer& output) {
  return checked([&] { return cpu::average(workers_, params, floats(tree_predictions), floats(output)); });
}

GpuResult<void> CpuStream::matmul(const MatmulParams& params, const Buffer& a, const Buffer& b, Buffer& c) {
  return checked([&] { return cpu::matmul(workers_, params, floats(a), floats(b), floats(c)); });
}

GpuResult<void> CpuStream::elementwise(const ElementwiseParams& params, const Buffer& input_a, const Buffer* input_b,
                                       Buffer& output) {
  const auto b = input_b == nullptr ? std::span<const float>() : floats(*input_b);
  return checked([&] { return cpu::elementwise(workers_, params, floats(input_a), b, floats(output)); });
}

GpuResult<void> CpuStream::reduce(const ReduceParams& params, const Buffer& input, Buffer& output) {
  return checked([&] { return cpu::reduce(workers_, params, floats(input), floats(output)); });
}

GpuResult<void> CpuStream::batch_predict(const BatchPredictParams& params, const Buffer& samples,
                                         const Buffer& tree_nodes, const Buffer& tree_offsets, Buffer& output) {
  return checked([&] {
    return cpu::batch_predict(workers_, packed_forest_, params, floats(samples),
                              cpu_buffer(tree_nodes).as<const forest::Node>(), indices_of(tree_offsets),
                              floats(output));
  });
}

}  // namespace gpu_host::cpu
