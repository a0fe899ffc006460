// Lowering: from the C++ types of the contract into guest memory. What lies between
// two fields becomes zeros: no bytes of the host get there, and older C guests read a
// discriminant or bool as a 32-bit word.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "abi/call.hpp"
#include "abi/layout.hpp"
#include "backend/gpu_error.hpp"

namespace gpu_host::abi {

// store(Call&, address, value), where Layout<T>::kSize bytes are inside the memory.
template <class T>
struct Lower;

template <IsNumber T>
struct Lower<T> {
  static void store(Call& call, std::uint32_t address, T value) { call.store(address, value); }
};

template <>
struct Lower<bool> {
  static void store(Call& call, std::uint32_t address, bool value) {
    call.store(address, static_cast<std::uint8_t>(value ? 1 : 0));
  }
};

template <IsEnum T>
struct Lower<T> {
  static void store(Call& call, std::uint32_t address, T value) {
    call.store(address, static_cast<std::uint8_t>(value));
  }
};

template <>
struct Lower<GuestList> {
  static void store(Call& call, std::uint32_t address, GuestList list) {
    call.store(address, list.pointer);
    call.store(address + 4, list.length);
  }
};

// A string outside of errors has nowhere to report that the guest is out of
// memory: it traps.
template <>
struct Lower<std::string> {
  static void store(Call& call, std::uint32_t address, const std::string& text) {
    const auto list = call.lower_string(text, "string");
    if (!list) return call.set_trap({list.error().message});
    Lower<GuestList>::store(call, address, *list);
  }
};

template <class T>
struct Lower<std::optional<T>> {
  static void store(Call& call, std::uint32_t address, const std::optional<T>& value) {
    Lower<bool>::store(call, address, value.has_value());
    if (value) Lower<T>::store(call, address + Layout<std::optional<T>>::kValue.offset, *value);
  }
};

template <IsRecord T>
struct Lower<T> {
  static void store(Call& call, std::uint32_t address, const T& record) {
    std::uint32_t end = 0;
    for_each_field<T>([&](auto member, const Place& place) {
      using Field = std::remove_cvref_t<decltype(record.*member)>;
      for (; end < place.offset; ++end) call.store(address + end, std::uint8_t{0});
      Lower<Field>::store(call, address + place.offset, record.*member);
      end += Layout<Field>::kSize;
    });
  }
};

// variant gpu-error: the case, then the string of the cases that have one.
template <>
struct Lower<GpuError> {
  static constexpr bool has_string(GpuErrorCode code) {
    return code == GpuErrorCode::kernel_error || code == GpuErrorCode::invalid_params;
  }
  static void store(Call& call, std::uint32_t address, const GpuError& error) {
    GpuErrorCode code = error.code;
    GuestList text{};
    if (has_string(code) && call.encoding() == Encoding::canonical && call.has_allocator()) {
      const auto lowered = call.lower_string(error.message, "error message");
      if (lowered) {
        text = *lowered;
      } else {
        code = lowered.error().code;
      }
    }
    call.store(address, static_cast<std::uint32_t>(code));
    if (has_string(code) && call.encoding() == Encoding::canonical) {
      Lower<GuestList>::store(call, address + Layout<GpuError>::kPayload, text);
    }
  }
};

// result<T, gpu-error>, and with T = void result<_, gpu-error>.
template <class T>
struct Lower<GpuResult<T>> {
  static void store(Call& call, std::uint32_t address, const GpuResult<T>& result) {
    constexpr std::uint32_t kPayload = Layout<GpuResult<T>>::kPayload;
    call.store(address, std::uint32_t{result ? 0U : 1U});
    if (!result) {
      Lower<GpuError>::store(call, address + kPayload, result.error());
    } else if constexpr (!std::is_void_v<T>) {
      Lower<T>::store(call, address + kPayload, *result);
    }
  }
};

// A copy of `values` in guest memory, by Call::allocate.
template <class T>
[[nodiscard]] GpuResult<GuestList> lower_list(Call& call, const std::vector<T>& values) {
  const std::uint64_t size = std::uint64_t{values.size()} * Layout<T>::kSize;
  if (size > std::numeric_limits<std::uint32_t>::max()) {
    return gpu_error(GpuErrorCode::out_of_memory, fmt::format("a list of {} bytes", size));
  }
  const auto block = call.allocate(static_cast<std::uint32_t>(size), Layout<T>::kAlign, "list");
  if (!block) return block;
  std::ranges::fill(call.bytes(block->pointer, size, "list"), std::byte{0});
  std::uint32_t address = block->pointer;
  for (const T& value : values) {
    Lower<T>::store(call, address, value);
    address += Layout<T>::kSize;
  }
  return GuestList{.pointer = block->pointer, .length = static_cast<std::uint32_t>(values.size())};
}

}  // namespace gpu_host::abi
