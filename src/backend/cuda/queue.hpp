// A stream of the driver with what work in it needs: launches of bounded work, memory in
// the stream's order, the slot in which kernels report what they refuse.
// A CurrentContext of its Gpu must live on the thread in every call.
#pragma once

#include <cuda.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "backend/backend.hpp"
#include "backend/cuda/gpu.hpp"
#include "backend/cuda/handles.hpp"
#include "backend/cuda/kernel.hpp"

namespace gpu_host::cuda {

class Blas;

// For use by one thread at a time.
class Queue {
 public:
  Queue(Gpu& gpu, const StreamOptions& options);
  ~Queue();  // nothing may be under way
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // Before all else.
  [[nodiscard]] GpuResult<void> prepare();

  // -- work -----------------------------------------------------------------------
  // Most elementary steps (elements read or compared; edges walked) of one launch: more
  // must be cut into several, so that no launch takes long.
  [[nodiscard]] std::uint64_t max_work() const { return gpu_.limits().max_work; }
  // Blocks of 256 threads that fill the device.
  [[nodiscard]] std::uint32_t full_grid() const { return gpu_.limits().multiprocessors * 8; }

  // Queues one launch. `params` is what the kernel takes, by value, as its only parameter; at most 4 KiB.
  // First waits while too much is under way; then interrupted() once an interrupt was requested.
  template <class Params>
  [[nodiscard]] GpuResult<void> launch(const Kernel& kernel, const Grid& grid, const Params& params,
                                       std::uint64_t work) {
    Params copy = params;
    return launch_with(kernel, grid, &copy, work);
  }

  // Called before other calls of the driver or cuBLAS that queue `work`.
  [[nodiscard]] GpuResult<void> make_room(std::uint64_t work);

  // -- memory ---------------------------------------------------------------------
  // A multiple of 16 bytes that holds `size`, at a multiple of 256; what it holds is unspecified. It is used in
  // this queue only and goes back in its order. out_of_memory where there is no room.
  [[nodiscard]] GpuResult<DeviceMemory> allocate(std::uint64_t size);
  [[nodiscard]] GpuResult<void> clear(CUdeviceptr begin, std::uint64_t size);  // to zeros
  // Waits for all work, then has the pool give the device back what is not in use.
  [[nodiscard]] GpuResult<void> release_unused();

  // For kernels that report (kernels/errors.cuh): the slot's address.
  [[nodiscard]] CUdeviceptr error_slot() {
    may_have_reports_ = true;
    return error_slot_.address();
  }

  // -- completion -----------------------------------------------------------------
  // Returns once all work is done, with the error of a kernel that reported one, of an interrupt or of the device.
  [[nodiscard]] GpuResult<void> wait();
  // Waits for one event, or for all work; the interrupt is polled.
  [[nodiscard]] GpuResult<void> wait_for(CUevent event);
  [[nodiscard]] GpuResult<void> wait_for_stream();
  // Before the end: waits for all work, be it interrupted or failed.
  void finish();
  // For who waits in another way: the report's copy is queued, and taken once that is done.
  [[nodiscard]] GpuResult<void> copy_report();
  [[nodiscard]] GpuResult<void> take_report();

  [[nodiscard]] CUstream stream() const { return stream_.get(); }
  [[nodiscard]] Gpu& gpu() const { return gpu_; }
  [[nodiscard]] const StreamOptions& options() const { return options_; }
  [[nodiscard]] bool stop() const { return options_.interrupt != nullptr && options_.interrupt->requested(); }

  // cuBLAS on this stream, opened when it is first asked for.
  [[nodiscard]] GpuResult<Blas*> blas();

 private:
  [[nodiscard]] GpuResult<void> launch_with(const Kernel& kernel, const Grid& grid, void* params, std::uint64_t work);

  Gpu& gpu_;
  StreamOptions options_;
  OwnedStream stream_;
  DeviceMemory error_slot_;
  PinnedMemory report_;               // the slot's copy
  std::uint64_t queued_work_ = 0;     // since the last event
  std::deque<OwnedEvent> under_way_;  // one per max_work
  std::unique_ptr<Blas> blas_;
  bool may_have_reports_ = false;
};

}  // namespace gpu_host::cuda
