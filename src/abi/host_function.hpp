// An ordinary C++ function as a host function of the canonical ABI.
//
//   R function(Session&, [Call&,] Args...)
//
// R is void, a type with Lower, GpuResult<T>, or GpuResult<std::vector<T>>, which is
// copied into guest memory. A function that makes its list there takes the Call to
// allocate it (Call::allocate) once its bytes are certain.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "abi/call.hpp"
#include "abi/flat.hpp"
#include "abi/layout.hpp"
#include "abi/lift.hpp"
#include "abi/lower.hpp"
#include "abi/sources.hpp"
#include "util/log.hpp"
#include "wasi_gpu/session.hpp"

namespace gpu_host::abi {

template <class R>
inline constexpr bool kIsGpuResult = false;
template <class T>
inline constexpr bool kIsGpuResult<GpuResult<T>> = true;

// What is stored of a result.
template <class R>
struct Stored {
  using Type = R;
};
template <class T>
struct Stored<GpuResult<std::vector<T>>> {
  using Type = GpuResult<GuestList>;
};

template <auto function>
class HostFunction {
  template <class R, bool takes_call, class... Args>
  struct Signature {
    using Result = R;
    using Arguments = std::tuple<std::remove_cvref_t<Args>...>;
    using Layout = FieldsLayout<std::remove_cvref_t<Args>...>;
    static constexpr bool kTakesCall = takes_call;
  };
  template <class R, class... Args>
  static Signature<R, false, Args...> signature(R (*)(Session&, Args...));
  template <class R, class... Args>
  static Signature<R, true, Args...> signature(R (*)(Session&, Call&, Args...));

  // Partial ordering prefers the overload that takes a Call.
  using S = decltype(signature(function));
  using Result = Stored<typename S::Result>::Type;
  using Arguments = S::Arguments;
  using ArgumentsLayout = S::Layout;
  static constexpr bool kReturns = !std::is_void_v<Result>;

  // More flat arguments than this are in memory, as a record, and a pointer to it is
  // passed.
  static constexpr std::size_t kMaxFlatArguments = 16;
  static constexpr bool kSpills = ArgumentsLayout::kFlat.size() > kMaxFlatArguments;

  static consteval auto flat_arguments() {
    if constexpr (kSpills)
      return std::array{CoreType::i32};
    else
      return ArgumentsLayout::kFlat;
  }
  static consteval auto flat_types() {
    // No result of this contract fits one core value: all go to a pointer.
    if constexpr (kReturns)
      return concat(flat_arguments(), std::array{CoreType::i32});
    else
      return flat_arguments();
  }

 public:
  static constexpr auto kParameters = flat_types();

  // Decodes, calls, encodes. Every failure that the guest can be told of is in
  // the result; what remains is the trap in `call`. Returns whether the guest got
  // what it asked for.
  static bool invoke(Session& session, Call& call, std::span<const FlatValue> flat) {
    if constexpr (!kReturns) {
      run(session, call, flat);
      return !call.trap();
    } else {
      // Before anything is done: what was done can then be told.
      const auto address = FlatSource(flat.subspan(kParameters.size() - 1)).number<std::uint32_t>();
      call.aligned_bytes(address, result_size(call.encoding()), Layout<Result>::kAlign, "result pointer");

      bool succeeded = true;
      const Result result = run(session, call, flat);
      if constexpr (kIsGpuResult<Result>) {
        succeeded = result.has_value();
        if (!succeeded) logger().debug("{}: {}", call.function(), describe(result.error()));
      }
      if (!call.trap()) Lower<Result>::store(call, address, result);
      return succeeded && !call.trap();
    }
  }

 private:
  static constexpr std::uint32_t result_size(Encoding encoding) {
    if constexpr (kIsGpuResult<Result>) {
      if (encoding == Encoding::legacy) return Layout<Result>::kLegacySize;
    }
    return Layout<Result>::kSize;
  }

  static Result run(Session& session, Call& call, std::span<const FlatValue> flat) {
    if constexpr (kIsGpuResult<Result>) {
      try {
        return lift_and_apply(session, call, flat);
      } catch (const std::bad_alloc&) {
        return gpu_error(GpuErrorCode::out_of_memory, "the host is out of memory");
      }
    } else {
      return lift_and_apply(session, call, flat);
    }
  }

  static Result lift_and_apply(Session& session, Call& call, std::span<const FlatValue> flat) {
    Arguments arguments = lift(call, FlatSource(flat));
    if (call.trap()) return Result();
    if constexpr (kIsGpuResult<Result>) {
      if (const auto& invalid = call.invalid()) {
        // A deferred error goes first, to whichever call comes next.
        auto begun = session.begin_call();
        return std::unexpected(begun ? *invalid : begun.error());
      }
    }
    if constexpr (std::is_same_v<Result, typename S::Result>) {
      return apply(session, call, std::move(arguments));
    } else {
      auto list = apply(session, call, std::move(arguments));
      if (!list) return std::unexpected(std::move(list.error()));
      return lower_list(call, *list);
    }
  }

  static Arguments lift(Call& call, const FlatSource& in) {
    if constexpr (kSpills) {
      const auto bytes =
          call.aligned_bytes(in.number<std::uint32_t>(), ArgumentsLayout::kSize, ArgumentsLayout::kAlign, "parameters");
      if (call.trap()) return {};
      return lift_each(call, MemorySource(bytes), std::make_index_sequence<std::tuple_size_v<Arguments>>{});
    } else {
      return lift_each(call, in, std::make_index_sequence<std::tuple_size_v<Arguments>>{});
    }
  }

  template <std::size_t... i>
  static Arguments lift_each(Call& call, const auto& in, std::index_sequence<i...>) {
    // Braces: from left to right.
    return Arguments{Lift<std::tuple_element_t<i, Arguments>>::lift(call, in.at(ArgumentsLayout::kPlaces[i]))...};
  }

  static auto apply(Session& session, Call& call, Arguments arguments) {
    return std::apply(
        [&](auto&&... values) {
          if constexpr (S::kTakesCall)
            return function(session, call, std::move(values)...);
          else
            return function(session, std::move(values)...);
        },
        std::move(arguments));
  }
};

}  // namespace gpu_host::abi
