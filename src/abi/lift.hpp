// Lifting: from flat core values to the C++ types of the contract.
//
// Lift<T> has the flat types of T (kFlat) and lift(). A new record or enum of the
// WIT gets a specialisation of Record or Cases (see wit_types.hpp), no more.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "abi/call.hpp"
#include "abi/flat.hpp"

namespace gpu_host::abi {

// Of an enum of the WIT: static constexpr std::string_view kName and
// std::uint32_t kCount.
template <class Enum>
struct Cases;

// Of flags: static constexpr bool kIsFlags = true. All bits pass; the function
// decides about unknown ones.
template <class T>
struct Flags : std::false_type {};

// Of a record of the WIT: static constexpr std::tuple kFields of pointers to
// members, in the order of the WIT.
template <class T>
struct Record;

template <class T>
concept IsRecord = requires { Record<T>::kFields; };
template <class T>
concept IsEnum = requires { Cases<T>::kCount; };

template <class T>
struct Lift;

template <>
struct Lift<std::uint32_t> {
  static constexpr std::array kFlat{CoreType::i32};
  static std::uint32_t lift(Call&, FlatReader& in) { return in.u32(); }
};

template <>
struct Lift<std::uint64_t> {
  static constexpr std::array kFlat{CoreType::i64};
  static std::uint64_t lift(Call&, FlatReader& in) { return in.u64(); }
};

template <>
struct Lift<float> {
  static constexpr std::array kFlat{CoreType::f32};
  static float lift(Call&, FlatReader& in) { return in.f32(); }
};

template <>
struct Lift<bool> {
  static constexpr std::array kFlat{CoreType::i32};
  static bool lift(Call&, FlatReader& in) { return in.u32() != 0; }
};

// list<u8>: the guest's own bytes, valid until the guest runs again.
template <>
struct Lift<std::span<const std::byte>> {
  static constexpr std::array kFlat{CoreType::i32, CoreType::i32};
  static std::span<const std::byte> lift(Call& call, FlatReader& in) {
    const std::uint32_t pointer = in.u32();
    const std::uint32_t length = in.u32();
    return call.bytes(pointer, length, "list<u8>");
  }
};

template <class T>
  requires IsEnum<T>
struct Lift<T> {
  static constexpr std::array kFlat{CoreType::i32};
  static T lift(Call& call, FlatReader& in) {
    const std::uint32_t value = in.u32();
    if (value < Cases<T>::kCount) return static_cast<T>(value);
    call.set_invalid(fmt::format("{}: {} is not one of its {} cases", Cases<T>::kName, value, Cases<T>::kCount));
    return T{};
  }
};

template <class T>
  requires(Flags<T>::value)
struct Lift<T> {
  static constexpr std::array kFlat{CoreType::i32};
  static T lift(Call&, FlatReader& in) { return static_cast<T>(in.u32()); }
};

template <class... Arrays>
consteval auto concat(const Arrays&... arrays) {
  std::array<CoreType, (std::tuple_size_v<Arrays> + ... + 0)> all{};
  [[maybe_unused]] std::size_t next = 0;
  (([&] {
     for (const CoreType type : arrays) all[next++] = type;
   }()),
   ...);
  return all;
}

template <class T>
struct Lift<std::optional<T>> {
  static constexpr auto kFlat = concat(std::array{CoreType::i32}, Lift<T>::kFlat);
  static std::optional<T> lift(Call& call, FlatReader& in) {
    const std::uint32_t present = in.u32();
    T value = Lift<T>::lift(call, in);
    if (present > 1) call.set_invalid(fmt::format("option: {} is neither none (0) nor some (1)", present));
    if (present == 0) return std::nullopt;
    return value;
  }
};

template <class T>
  requires IsRecord<T>
struct Lift<T> {
 private:
  template <class Owner, class Member>
  static Member member_type(Member Owner::*);

 public:
  static constexpr auto kFlat = std::apply(
      [](auto... members) { return concat(Lift<decltype(member_type(members))>::kFlat...); }, Record<T>::kFields);

  static T lift(Call& call, FlatReader& in) {
    T record{};
    std::apply(
        [&](auto... members) {
          ((record.*members = Lift<std::remove_cvref_t<decltype(record.*members)>>::lift(call, in)), ...);
        },
        Record<T>::kFields);
    return record;
  }
};

}  // namespace gpu_host::abi
