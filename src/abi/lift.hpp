// Lifting: from flat core values or guest memory (sources.hpp) to the C++ types of
// the contract.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "abi/call.hpp"
#include "abi/layout.hpp"
#include "abi/sources.hpp"

namespace gpu_host::abi {

template <class T>
struct Lift;

template <IsNumber T>
struct Lift<T> {
  static T lift(Call&, const auto& in) { return in.template number<T>(); }
};

template <>
struct Lift<bool> {
  static bool lift(Call&, const auto& in) { return in.byte() != 0; }
};

template <IsEnum T>
struct Lift<T> {
  static T lift(Call& call, const auto& in) {
    const std::uint32_t value = in.byte();
    if (value < Cases<T>::kCount) return static_cast<T>(value);
    call.set_invalid(fmt::format("{}: {} is not one of its {} cases", Cases<T>::kName, value, Cases<T>::kCount));
    return T{};
  }
};

template <IsFlags T>
struct Lift<T> {
  static T lift(Call&, const auto& in) { return static_cast<T>(in.byte()); }
};

template <>
struct Lift<GuestList> {
  static GuestList lift(Call&, const auto& in) {
    return {.pointer = in.at(kPlaces[0]).template number<std::uint32_t>(),
            .length = in.at(kPlaces[1]).template number<std::uint32_t>()};
  }

 private:
  static constexpr auto kPlaces = FieldsLayout<std::uint32_t, std::uint32_t>::kPlaces;
};

// list<u8>: the guest's own bytes, valid until the guest runs again.
template <>
struct Lift<std::span<const std::byte>> {
  static std::span<const std::byte> lift(Call& call, const auto& in) {
    const auto [pointer, length] = Lift<GuestList>::lift(call, in);
    return call.bytes(pointer, length, "list<u8>");
  }
};

template <class T>
struct Lift<std::vector<T>> {
  static std::vector<T> lift(Call& call, const auto& in) {
    const auto [pointer, length] = Lift<GuestList>::lift(call, in);
    const auto bytes = call.aligned_bytes(pointer, std::uint64_t{length} * Layout<T>::kSize, Layout<T>::kAlign, "list");
    std::vector<T> values;
    if (call.trap()) return values;
    values.reserve(length);
    const MemorySource source(bytes);
    for (std::size_t i = 0; i < length; ++i) values.push_back(Lift<T>::lift(call, source.at(i * Layout<T>::kSize)));
    return values;
  }
};

template <class T>
struct Lift<std::optional<T>> {
  static std::optional<T> lift(Call& call, const auto& in) {
    const std::uint32_t present = in.byte();
    if (present > 1) call.set_invalid(fmt::format("option: {} is neither none (0) nor some (1)", present));
    if (present == 0) return std::nullopt;
    return Lift<T>::lift(call, in.at(Layout<std::optional<T>>::kValue));
  }
};

template <IsRecord T>
struct Lift<T> {
  static T lift(Call& call, const auto& in) {
    T record{};
    for_each_field<T>([&](auto member, const Place& place) {
      record.*member = Lift<std::remove_cvref_t<decltype(record.*member)>>::lift(call, in.at(place));
    });
    return record;
  }
};

}  // namespace gpu_host::abi
