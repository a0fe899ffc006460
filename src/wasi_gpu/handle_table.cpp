#include "wasi_gpu/handle_table.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace gpu_host {

GpuResult<void> HandleTable::admit(std::uint64_t size) const {
  if (auto admitted = memory_.admit(size); !admitted) return admitted;
  if (buffers_.size() >= max_buffers_) {
    return gpu_error(GpuErrorCode::out_of_memory,
                     fmt::format("the instance's quota of {} buffers is used up", max_buffers_));
  }
  if (last_id_ == std::numeric_limits<BufferId>::max()) {
    return gpu_error(GpuErrorCode::out_of_memory, "the instance has used up all buffer ids");
  }
  return {};
}

GpuResult<BufferId> HandleTable::insert(std::unique_ptr<Buffer>& buffer, std::uint64_t charged) {
  if (auto admitted = admit(charged); !admitted) return std::unexpected(std::move(admitted.error()));
  MemoryCharge charge(memory_);
  if (auto taken = charge.set(charged); !taken) return std::unexpected(std::move(taken.error()));
  // Before the buffer is taken: there may be no memory for it.
  Entry& entry = buffers_.emplace(last_id_ + 1, Entry{nullptr, std::move(charge)}).first->second;
  entry.buffer = std::move(buffer);
  return ++last_id_;
}

GpuResult<Buffer*> HandleTable::find(BufferId id, std::string_view argument) const {
  const auto entry = buffers_.find(id);
  if (entry == buffers_.end()) {
    return gpu_error(GpuErrorCode::invalid_buffer,
                     fmt::format("{}: {} is not a live buffer of this instance", argument, id));
  }
  return entry->second.buffer.get();
}

GpuResult<std::unique_ptr<Buffer>> HandleTable::remove(BufferId id, std::string_view argument) {
  if (auto found = find(id, argument); !found) return std::unexpected(std::move(found.error()));
  return take(buffers_.find(id));
}

std::unique_ptr<Buffer> HandleTable::remove_any() { return buffers_.empty() ? nullptr : take(buffers_.begin()); }

std::unique_ptr<Buffer> HandleTable::take(Buffers::iterator entry) {
  auto buffer = std::move(entry->second.buffer);
  buffers_.erase(entry);
  return buffer;
}

}  // namespace gpu_host
