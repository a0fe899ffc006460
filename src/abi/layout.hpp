// What the canonical ABI makes of a type: its flat core values, and its bytes in
// guest memory.
//
// Layout<T> has kFlat, kSize and kAlign. A new record, enum or flags of the WIT gets
// a specialisation of Record, Cases or Flags (see wit_types.hpp), no more.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "abi/call.hpp"
#include "abi/flat.hpp"
#include "backend/gpu_error.hpp"

namespace gpu_host::abi {

// Of an enum of the WIT: static constexpr std::string_view kName and
// std::uint32_t kCount.
template <class Enum>
struct Cases;

// Of flags, up to 8. All bits pass; the function decides about unknown ones.
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
concept IsFlags = Flags<T>::value;

[[nodiscard]] constexpr std::uint32_t align_to(std::uint32_t offset, std::uint32_t align) {
  return (offset + align - 1) / align * align;
}

template <class... Arrays>
consteval auto concat(const Arrays&... arrays) {
  std::array<CoreType, (std::tuple_size_v<Arrays> + ... + 0)> all{};
  [[maybe_unused]] std::size_t next = 0;
  (
      [&] {
        for (const CoreType type : arrays) all[next++] = type;
      }(),
      ...);
  return all;
}

template <class T>
struct Layout;

template <IsNumber T>
struct Layout<T> {
  static constexpr std::array kFlat{core_type<T>()};
  static constexpr std::uint32_t kSize = sizeof(T);
  static constexpr std::uint32_t kAlign = sizeof(T);
};

struct ByteLayout {
  static constexpr std::array kFlat{CoreType::i32};
  static constexpr std::uint32_t kSize = 1;
  static constexpr std::uint32_t kAlign = 1;
};

template <>
struct Layout<bool> : ByteLayout {};

template <IsEnum T>
struct Layout<T> : ByteLayout {
  static_assert(Cases<T>::kCount <= 256);
};

template <IsFlags T>
struct Layout<T> : ByteLayout {};

// A pointer and a length.
struct ListLayout {
  static constexpr std::array kFlat{CoreType::i32, CoreType::i32};
  static constexpr std::uint32_t kSize = 8;
  static constexpr std::uint32_t kAlign = 4;
};

template <>
struct Layout<GuestList> : ListLayout {};
template <>
struct Layout<std::string> : ListLayout {};
template <>
struct Layout<std::span<const std::byte>> : ListLayout {};
template <class T>
struct Layout<std::vector<T>> : ListLayout {};

// Where a field is: among the flat values, and in memory.
struct Place {
  std::size_t flat;
  std::uint32_t offset;
};

// Fields one after the other, each aligned.
template <class... Fields>
struct FieldsLayout {
  static constexpr auto kFlat = concat(Layout<Fields>::kFlat...);
  static constexpr std::uint32_t kAlign = std::max({std::uint32_t{1}, Layout<Fields>::kAlign...});
  static constexpr auto kPlaces = [] {
    std::array<Place, sizeof...(Fields) + 1> places{};  // the last one: the end
    std::size_t next = 0;
    Place end{};
    (
        [&] {
          end.offset = align_to(end.offset, Layout<Fields>::kAlign);
          places[next++] = end;
          end.flat += Layout<Fields>::kFlat.size();
          end.offset += Layout<Fields>::kSize;
        }(),
        ...);
    places[next] = end;
    return places;
  }();
  static constexpr std::uint32_t kSize = align_to(kPlaces.back().offset, kAlign);
};

template <class Members>
struct MembersLayout;
template <class Owner, class... Members>
struct MembersLayout<const std::tuple<Members Owner::*...>> : FieldsLayout<Members...> {};

template <IsRecord T>
struct Layout<T> : MembersLayout<decltype(Record<T>::kFields)> {};

// visit(pointer to member, its Place), in order.
template <IsRecord T, class Visit>
constexpr void for_each_field(Visit&& visit) {
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    (visit(std::get<i>(Record<T>::kFields), Layout<T>::kPlaces[i]), ...);
  }(std::make_index_sequence<std::tuple_size_v<decltype(Record<T>::kFields)>>{});
}

// Whether there is a value, then the value.
template <class T>
struct Layout<std::optional<T>> : FieldsLayout<bool, T> {
  static constexpr Place kValue = FieldsLayout<bool, T>::kPlaces[1];
};

// variant gpu-error, which is only returned: the case, then the string of the cases
// that have one.
template <>
struct Layout<GpuError> {
  static constexpr std::uint32_t kAlign = Layout<GuestList>::kAlign;
  static constexpr std::uint32_t kPayload = kAlign;
  static constexpr std::uint32_t kSize = kPayload + Layout<GuestList>::kSize;
  static constexpr std::uint32_t kLegacySize = kPayload;
};

template <>
struct Layout<void> {
  static constexpr std::uint32_t kSize = 0;
  static constexpr std::uint32_t kAlign = 1;
};

// result<T, gpu-error>, and with T = void result<_, gpu-error>: which of them, then it.
template <class T>
struct Layout<GpuResult<T>> {
  static constexpr std::uint32_t kAlign = std::max(Layout<T>::kAlign, Layout<GpuError>::kAlign);
  static constexpr std::uint32_t kPayload = kAlign;
  static constexpr std::uint32_t kSize =
      align_to(kPayload + std::max(Layout<T>::kSize, Layout<GpuError>::kSize), kAlign);
  static constexpr std::uint32_t kLegacySize =
      align_to(kPayload + std::max(Layout<T>::kSize, Layout<GpuError>::kLegacySize), kAlign);
};

}  // namespace gpu_host::abi
