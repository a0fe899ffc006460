// The seam: what a backend (cpu, cuda, webgpu) implements and all that is above
// it calls. A backend does plain operations on plain buffers; it knows nothing
// of WebAssembly, handles or quotas.
//
//   Backend   the entry in the registry: lists devices, opens one
//   Device    an opened device, shared by any number of instances
//   Stream    one instance's queue on a device: everything it asks for, in order
//   Buffer    memory on a device
//
// Checked above the seam, once, in src/wasi_gpu (a backend need not look again):
// every range lies inside its buffer, every buffer is large enough for its
// parameters and belongs to the stream, outputs overlap inputs only where the
// contract allows it, read-only buffers are no outputs, counts that must not be
// 0 are not. Data *inside* buffers (indices, tree nodes) is unchecked: a backend
// bounds it and reports kernel_error, and never touches memory outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "backend/gpu_error.hpp"
#include "backend/interrupt.hpp"
#include "backend/kernel_params.hpp"
#include "gpu_host/devices.hpp"

namespace gpu_host {

class ForestEngine;

// Memory on a device. Made by Stream::allocate or Stream::wrap and owned by the
// caller, who gives it back through Stream::release.
class Buffer {
 public:
  Buffer(std::uint64_t size, bool read_only) : size_(size), read_only_(read_only) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  virtual ~Buffer() = default;

  [[nodiscard]] std::uint64_t size() const { return size_; }  // bytes, never 0
  [[nodiscard]] bool read_only() const { return read_only_; }

 private:
  std::uint64_t size_;
  bool read_only_;
};

// An embedder's array that becomes a buffer.
struct WrappedMemory {
  std::span<std::byte> bytes;
  bool read_only = false;
  std::shared_ptr<const void> owner;  // kept until the buffer is gone; may be null

  // invalid_params for what no backend takes: no bytes, or not aligned to 4.
  [[nodiscard]] GpuResult<void> check() const;
};

// Where Stream::read puts its bytes. It is asked only once the bytes are known
// to be good, at most once, and may refuse; the backend then returns its error.
using ReadDestination = std::function<GpuResult<std::span<std::byte>>()>;

struct StreamOptions {
  // Polled by work that can take long, which then stops early with any error.
  // Outlives the stream. Null: never interrupted.
  const Interrupt* interrupt = nullptr;
  // Most threads of this machine that work at a time. Empty: as many as it has.
  std::optional<std::uint32_t> threads = {};
  MatmulPrecision precision = MatmulPrecision::tf32;
};

// An in-order queue. Calls queue work and may return before it is done. What a
// call returns as an error was not queued and had no effect, but for kernel_error:
// a kernel's output is unspecified after it. An error that the
// device reports late is kept, the first one only, until take_error or read
// hands it out, once. Not safe for use by two threads at a time.
class Stream {
 public:
  virtual ~Stream() = default;  // waits for all work

  // -- memory ---------------------------------------------------------------
  // `size` bytes, not 0, that read as zeros. out_of_memory where there is no room.
  [[nodiscard]] virtual GpuResult<std::unique_ptr<Buffer>> allocate(std::uint64_t size) = 0;

  // Makes the embedder's memory a buffer, in place or as a copy that is written back:
  // at the latest when wait, a read or the buffer's release returns. Optional: by default
  // refused.
  [[nodiscard]] virtual GpuResult<std::unique_ptr<Buffer>> wrap(const WrappedMemory& memory);

  // Takes the buffer back; it is freed once all work queued before is done.
  // Optional: by default waits, then frees.
  virtual void release(std::unique_ptr<Buffer> buffer) noexcept;

  // `data` may be reused as soon as the call returns.
  [[nodiscard]] virtual GpuResult<void> write(Buffer& buffer, std::uint64_t offset,
                                              std::span<const std::byte> data) = 0;

  // Waits for all earlier work, returns its error if there was one, and else
  // fills the span that `destination` gives, which has `size` bytes.
  [[nodiscard]] virtual GpuResult<void> read(const Buffer& buffer, std::uint64_t offset, std::uint64_t size,
                                             const ReadDestination& destination) = 0;

  // Within one buffer the ranges may overlap, as with memmove.
  [[nodiscard]] virtual GpuResult<void> copy(const Buffer& source, std::uint64_t source_offset, Buffer& destination,
                                             std::uint64_t destination_offset, std::uint64_t size) = 0;

  // -- kernels: semantics in wit/ml-kernels.wit, accuracy in tolerances.hpp ---
  // Element counts may be 0 where the contract allows it.
  [[nodiscard]] virtual GpuResult<void> bootstrap_sample(const BootstrapParams& params, Buffer& output_indices) = 0;

  // `n_rows` is how many rows data and labels hold: indices at or above it are
  // a kernel_error.
  [[nodiscard]] virtual GpuResult<void> find_split(const FindSplitParams& params, std::uint64_t n_rows,
                                                   const Buffer& data, const Buffer& labels, const Buffer& indices,
                                                   const Buffer& thresholds, Buffer& output_scores) = 0;

  [[nodiscard]] virtual GpuResult<void> average(const AverageParams& params, const Buffer& tree_predictions,
                                                Buffer& output) = 0;

  [[nodiscard]] virtual GpuResult<void> matmul(const MatmulParams& params, const Buffer& a, const Buffer& b,
                                               Buffer& c) = 0;

  // `input_b` is given exactly for the binary operations. The output may be an input.
  [[nodiscard]] virtual GpuResult<void> elementwise(const ElementwiseParams& params, const Buffer& input_a,
                                                    const Buffer* input_b, Buffer& output) = 0;

  [[nodiscard]] virtual GpuResult<void> reduce(const ReduceParams& params, const Buffer& input, Buffer& output) = 0;

  // `n_nodes` and every tree offset are in nodes; a tree ends where tree_nodes ends.
  [[nodiscard]] virtual GpuResult<void> batch_predict(const BatchPredictParams& params, const Buffer& samples,
                                                      const Buffer& tree_nodes, const Buffer& tree_offsets,
                                                      Buffer& output) = 0;

  // -- forests (forest_engine.hpp) -------------------------------------------
  // Null where the backend grows none. Optional: by default so.
  [[nodiscard]] virtual ForestEngine* forests();

  // Does work of the stream's ForestEngine, or of an object of it, after all that was queued. `operation` is what
  // observers call it. Optional: by default waits, then calls it.
  [[nodiscard]] virtual GpuResult<void> perform(std::string_view operation,
                                                const std::function<GpuResult<void>()>& work);

  // -- completion -----------------------------------------------------------
  // Returns when all queued work is done (or failed, or was interrupted).
  virtual void wait() = 0;

  // The kept error, if the backend knows of one by now; never waits. After
  // wait() it knows all. Optional: by default none, for backends whose calls
  // are done when they return.
  [[nodiscard]] virtual std::optional<GpuError> take_error();
};

// Safe for use by many threads at a time.
class Device {
 public:
  virtual ~Device() = default;
  [[nodiscard]] virtual const DeviceInfo& info() const = 0;

  // Whether matmul rounds its inputs to TF32 where StreamOptions allow it (tolerances.hpp).
  [[nodiscard]] virtual bool matmul_is_tf32() const;

  // The device outlives the stream.
  [[nodiscard]] virtual GpuResult<std::unique_ptr<Stream>> create_stream(const StreamOptions& options) = 0;
};

// Registered in registry.cpp. Safe for use by many threads at a time. Nothing is
// loaded and no driver touched before devices() or open().
class Backend {
 public:
  virtual ~Backend() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;

  // False where this machine has nothing that devices() could find but software: what is
  // asked first, and takes no time. Optional: by default true.
  [[nodiscard]] virtual bool may_have_hardware() const;

  // Every device, at least one entry: where there is none, it says why.
  [[nodiscard]] virtual std::vector<DeviceEntry> devices() = 0;

  // What people are told of a usable entry beyond it, which may take longer to find out than
  // devices(). Optional: nothing.
  virtual void describe(DeviceEntry& entry);

  // device_unavailable with the reason where the device cannot be used.
  [[nodiscard]] virtual GpuResult<std::shared_ptr<Device>> open(std::uint32_t index) = 0;
};

}  // namespace gpu_host
