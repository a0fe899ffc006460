#include "abi/call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace gpu_host::abi {

static_assert(std::endian::native == std::endian::little, "guest memory is little-endian and accessed as it is");

std::span<std::byte> Call::find_bytes(std::uint32_t pointer, std::uint64_t size, std::string_view what) {
  memory_ = guest_.memory();
  if (memory_.data() == nullptr) {
    set_trap({"the module must export its memory as 'memory' to call wasi:gpu"});
    return {};
  }
  if (size > memory_.size() || pointer > memory_.size() - size) {
    set_trap({fmt::format("{}: {} bytes at address {:#x} are outside the memory of {} bytes", what, size, pointer,
                          memory_.size())});
    return {};
  }
  return memory_.subspan(pointer, size);
}

void Call::set_misaligned(std::uint32_t pointer, std::uint32_t align, std::string_view what) {
  set_trap({fmt::format("{}: address {:#x} is not aligned to {}", what, pointer, align)});
}

GpuResult<GuestList> Call::allocate(std::uint32_t size, std::uint32_t align, std::string_view what) {
  const auto unavailable = [] { return gpu_error(GpuErrorCode::out_of_memory, "trapped"); };
  if (trap_) return unavailable();  // the guest runs no more
  if (!guest_.has_allocator()) {
    set_trap({fmt::format("{}: the module must export cabi_realloc to receive it", what)});
    return unavailable();
  }
  memory_ = {};  // the guest may grow and move it
  auto pointer = guest_.allocate(align, size);
  if (!pointer) {
    set_trap(std::move(pointer.error()));
    return unavailable();
  }
  if (*pointer == 0 && size > 0) {
    return gpu_error(GpuErrorCode::out_of_memory, fmt::format("{}: cabi_realloc returned 0 for {} bytes", what, size));
  }
  if ((*pointer & (align - 1)) != 0) {
    set_trap({fmt::format("{}: cabi_realloc returned {:#x}, which is not aligned to {}", what, *pointer, align)});
    return unavailable();
  }
  bytes(*pointer, size, "block from cabi_realloc");
  if (trap_) return unavailable();
  return GuestList{*pointer, size};
}

GpuResult<GuestList> Call::lower_string(std::string_view text, std::string_view what) {
  auto list = allocate(static_cast<std::uint32_t>(text.size()), 1, what);
  if (list) std::ranges::copy(std::as_bytes(std::span(text)), bytes(list->pointer, list->length, what).begin());
  return list;
}

void Call::set_trap(Trap trap) {
  if (!trap_) trap_ = std::move(trap);
}

void Call::set_invalid(std::string message) {
  if (!invalid_) invalid_ = GpuError{GpuErrorCode::invalid_params, std::move(message)};
}

}  // namespace gpu_host::abi
