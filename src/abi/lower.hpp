// Lowering: from the C++ types of the contract into guest memory.
//
// Lower<T> has size() and align() of T in memory and store(). Words are written
// whole: a discriminant or bool that padding follows is a zero-extended 32-bit
// word, which is what older C guests read, and leaves no bytes of the host.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>

#include "abi/call.hpp"
#include "abi/lift.hpp"
#include "backend/gpu_error.hpp"

namespace gpu_host::abi {

[[nodiscard]] constexpr std::uint32_t align_to(std::uint32_t offset, std::uint32_t align) {
  return (offset + align - 1) / align * align;
}

template <class T>
struct Lower;

template <>
struct Lower<std::uint32_t> {
  static constexpr std::uint32_t align() { return 4; }
  static constexpr std::uint32_t size(Encoding) { return 4; }
  static void store(Call& call, std::uint32_t address, std::uint32_t value) { call.store_u32(address, value); }
};

template <>
struct Lower<std::uint64_t> {
  static constexpr std::uint32_t align() { return 8; }
  static constexpr std::uint32_t size(Encoding) { return 8; }
  static void store(Call& call, std::uint32_t address, std::uint64_t value) { call.store_u64(address, value); }
};

template <>
struct Lower<GuestList> {
  static constexpr std::uint32_t align() { return 4; }
  static constexpr std::uint32_t size(Encoding) { return 8; }
  static void store(Call& call, std::uint32_t address, GuestList list) {
    call.store_u32(address, list.pointer);
    call.store_u32(address + 4, list.length);
  }
};

// A string outside of errors has nowhere to report that the guest is out of
// memory: it traps.
template <>
struct Lower<std::string> {
  static constexpr std::uint32_t align() { return Lower<GuestList>::align(); }
  static constexpr std::uint32_t size(Encoding encoding) { return Lower<GuestList>::size(encoding); }
  static void store(Call& call, std::uint32_t address, const std::string& text) {
    const auto list = call.lower_string(text, "string");
    if (!list) return call.set_trap({list.error().message});
    Lower<GuestList>::store(call, address, *list);
  }
};

// A record lays out its fields one after the other, each aligned.
template <class T>
  requires IsRecord<T>
struct Lower<T> {
 private:
  template <class Member>
  using FieldType = std::remove_cvref_t<decltype(std::declval<T>().*std::declval<Member>())>;

  // bool takes 1 byte, and the fields that follow it here are aligned to 4: so it
  // owns a word.
  template <class Field>
  using Stored = std::conditional_t<std::is_same_v<Field, bool>, std::uint32_t, Field>;

  template <class Visit>
  static constexpr std::uint32_t walk(Encoding encoding, Visit&& visit) {
    std::uint32_t offset = 0;
    std::apply(
        [&](auto... members) {
          (([&] {
             using Field = Stored<FieldType<decltype(members)>>;
             offset = align_to(offset, Lower<Field>::align());
             visit.template operator()<Field>(offset, members);
             offset += Lower<Field>::size(encoding);
           }()),
           ...);
        },
        Record<T>::kFields);
    return align_to(offset, align());
  }

 public:
  static constexpr std::uint32_t align() {
    return std::apply(
        [](auto... members) { return std::max({Lower<Stored<FieldType<decltype(members)>>>::align()...}); },
        Record<T>::kFields);
  }
  static constexpr std::uint32_t size(Encoding encoding) {
    return walk(encoding, []<class Field>(std::uint32_t, auto) {});
  }
  static void store(Call& call, std::uint32_t address, const T& record) {
    walk(call.encoding(), [&]<class Field>(std::uint32_t offset, auto member) {
      Lower<Field>::store(call, address + offset, record.*member);
    });
  }
};

// variant gpu-error: the case, then the string of the cases that have one.
template <>
struct Lower<GpuError> {
  static constexpr std::uint32_t kPayload = 4;
  static constexpr std::uint32_t align() { return 4; }
  static constexpr std::uint32_t size(Encoding encoding) {
    return encoding == Encoding::legacy ? kPayload : kPayload + Lower<GuestList>::size(encoding);
  }
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
    call.store_u32(address, static_cast<std::uint32_t>(code));
    if (has_string(code) && call.encoding() == Encoding::canonical) {
      Lower<GuestList>::store(call, address + kPayload, text);
    }
  }
};

// result<T, gpu-error>, and with T = void result<_, gpu-error>.
template <class T>
struct Lower<GpuResult<T>> {
  static constexpr std::uint32_t ok_align() {
    if constexpr (std::is_void_v<T>)
      return 1;
    else
      return Lower<T>::align();
  }
  static constexpr std::uint32_t ok_size(Encoding encoding) {
    if constexpr (std::is_void_v<T>)
      return 0;
    else
      return Lower<T>::size(encoding);
  }
  static constexpr std::uint32_t align() { return std::max(ok_align(), Lower<GpuError>::align()); }
  // The payload follows the discriminant, aligned; so the discriminant owns a word.
  static constexpr std::uint32_t kPayload = align();
  static constexpr std::uint32_t size(Encoding encoding) {
    return align_to(kPayload + std::max(ok_size(encoding), Lower<GpuError>::size(encoding)), align());
  }
  static void store(Call& call, std::uint32_t address, const GpuResult<T>& result) {
    call.store_u32(address, result ? 0 : 1);
    if (!result) {
      Lower<GpuError>::store(call, address + kPayload, result.error());
    } else if constexpr (!std::is_void_v<T>) {
      Lower<T>::store(call, address + kPayload, *result);
    }
  }
};

}  // namespace gpu_host::abi
