// The functions of wasi:gpu, 0.1.0 and 0.2.0, as host functions: names, flat types, and
// what to call. tests/unit/contract_test.cpp holds them against wit/.
#pragma once

#include <span>
#include <string_view>

#include "abi/call.hpp"
#include "abi/flat.hpp"
#include "wasi_gpu/session.hpp"

namespace gpu_host::abi {

struct ContractFunction {
  std::string_view interface;            // the import's module, such as wasi:gpu/compute@0.1.0
  std::string_view name;                 // the import's field
  std::span<const CoreType> parameters;  // flat; there are no flat results
  bool may_be_legacy;                    // older C guests may call it, with Encoding::legacy
  // Whether the guest got what it asked for: no error, no trap.
  bool (*invoke)(Session& session, Call& call, std::span<const FlatValue> arguments);
};

// The prefix that every interface of the contract has.
inline constexpr std::string_view kContractPrefix = "wasi:gpu/";

[[nodiscard]] std::span<const ContractFunction> contract_functions();

}  // namespace gpu_host::abi
