// The buffers of one instance by id, and the quotas on them.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "backend/backend.hpp"
#include "wasi_gpu/memory_quota.hpp"

namespace gpu_host {

class HandleTable {
 public:
  HandleTable(std::uint64_t max_bytes, std::uint32_t max_buffers) : memory_(max_bytes), max_buffers_(max_buffers) {}

  // What buffers take their bytes from; others may too.
  [[nodiscard]] MemoryQuota& memory() { return memory_; }

  // Whether a buffer of `size` bytes fits the quotas. Ask before the device is
  // asked. out_of_memory names the quota.
  [[nodiscard]] GpuResult<void> admit(std::uint64_t size) const;

  // Publishes a complete buffer under the next id: 1, 2, 3, … never used twice. It
  // takes `charged` bytes of the quota: its size, or 0 for an embedder's memory. The
  // buffer is taken only if that succeeds; else it is the caller's to release.
  [[nodiscard]] GpuResult<BufferId> insert(std::unique_ptr<Buffer>& buffer, std::uint64_t charged);

  // The live buffer, or invalid_buffer. `argument` is what the error calls it.
  [[nodiscard]] GpuResult<Buffer*> find(BufferId id, std::string_view argument) const;

  // The same without words: null where there is none.
  [[nodiscard]] Buffer* live(BufferId id) const {
    const auto entry = buffers_.find(id);
    return entry == buffers_.end() ? nullptr : entry->second.buffer.get();
  }

  // Takes the buffer out: its id is dead, its bytes no longer count.
  [[nodiscard]] GpuResult<std::unique_ptr<Buffer>> remove(BufferId id, std::string_view argument);

  // Takes any buffer out, null when none is left.
  [[nodiscard]] std::unique_ptr<Buffer> remove_any();

 private:
  struct Entry {
    std::unique_ptr<Buffer> buffer;
    MemoryCharge charge;
  };
  using Buffers = std::unordered_map<BufferId, Entry>;
  std::unique_ptr<Buffer> take(Buffers::iterator entry);

  MemoryQuota memory_;
  Buffers buffers_;
  std::uint32_t max_buffers_;
  BufferId last_id_ = 0;
};

}  // namespace gpu_host
