// An ordinary C++ function as a host function of the canonical ABI.
//
//   R function(Session&, [Call&,] Args...)
//
// R is void, a type with Lower, or GpuResult<T>. A function that returns a list
// takes the Call to allocate it (Call::allocate) once its bytes are certain.
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

#include "abi/call.hpp"
#include "abi/flat.hpp"
#include "abi/lift.hpp"
#include "abi/lower.hpp"
#include "util/log.hpp"
#include "wasi_gpu/session.hpp"

namespace gpu_host::abi {

template <class R>
inline constexpr bool kIsGpuResult = false;
template <class T>
inline constexpr bool kIsGpuResult<GpuResult<T>> = true;

template <auto function>
class HostFunction {
  template <class R, bool takes_call, class... Args>
  struct Signature {
    using Result = R;
    using Arguments = std::tuple<std::remove_cvref_t<Args>...>;
    static constexpr bool kTakesCall = takes_call;
  };
  template <class R, class... Args>
  static Signature<R, false, Args...> signature(R (*)(Session&, Args...));
  template <class R, class... Args>
  static Signature<R, true, Args...> signature(R (*)(Session&, Call&, Args...));

  // Partial ordering prefers the overload that takes a Call.
  using S = decltype(signature(function));
  using Result = typename S::Result;
  using Arguments = typename S::Arguments;
  static constexpr bool kReturns = !std::is_void_v<Result>;

  static consteval auto flat_types() {
    const auto arguments = []<class... Args>(std::type_identity<std::tuple<Args...>>) {
      return concat(Lift<Args>::kFlat...);
    }(std::type_identity<Arguments>{});
    // No result of this contract fits one core value: all go to a pointer.
    if constexpr (kReturns)
      return concat(arguments, std::array{CoreType::i32});
    else
      return arguments;
  }

 public:
  static constexpr auto kParameters = flat_types();

  // Decodes, calls, encodes. Every failure that the guest can be told of is in
  // the result; what remains is the trap in `call`. Returns whether the guest got
  // what it asked for.
  static bool invoke(Session& session, Call& call, std::span<const FlatValue> flat) {
    std::uint32_t result_address = 0;
    if constexpr (kReturns) {
      result_address = FlatReader(flat.subspan(kParameters.size() - 1)).u32();
      check_result_area(call, result_address);
    }
    FlatReader in(flat);
    Arguments arguments = lift(call, in, std::type_identity<Arguments>{});
    if (call.trap()) return false;

    bool succeeded = true;
    if constexpr (kReturns) {
      const Result result = run(session, call, std::move(arguments));
      if constexpr (kIsGpuResult<Result>) {
        succeeded = result.has_value();
        if (!succeeded) logger().debug("{}: {}", call.function(), describe(result.error()));
      }
      if (!call.trap()) Lower<Result>::store(call, result_address, result);
    } else {
      run(session, call, std::move(arguments));
    }
    return succeeded && !call.trap();
  }

 private:
  static void check_result_area(Call& call, std::uint32_t address) {
    if (address % Lower<Result>::align() != 0) {
      call.set_trap({fmt::format("result pointer {:#x} is not aligned to {}", address, Lower<Result>::align())});
    }
    call.bytes(address, Lower<Result>::size(call.encoding()), "result pointer");
  }

  template <class... Args>
  static Arguments lift(Call& call, FlatReader& in, std::type_identity<std::tuple<Args...>>) {
    return Arguments{Lift<Args>::lift(call, in)...};  // braces: from left to right
  }

  static Result run(Session& session, Call& call, Arguments arguments) {
    if constexpr (kIsGpuResult<Result>) {
      if (const auto& invalid = call.invalid()) {
        // A deferred error goes first, to whichever call comes next.
        auto begun = session.begin_call();
        return std::unexpected(begun ? *invalid : begun.error());
      }
      try {
        return apply(session, call, std::move(arguments));
      } catch (const std::bad_alloc&) {
        return gpu_error(GpuErrorCode::out_of_memory, "the host is out of memory");
      }
    } else {
      return apply(session, call, std::move(arguments));
    }
  }

  static Result apply(Session& session, Call& call, Arguments arguments) {
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
