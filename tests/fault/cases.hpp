// Calls of every function of the contract: good ones, and bad ones whose errors
// have messages.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "abi/contract.hpp"
#include "wasi_gpu/session.hpp"

namespace gpu_host::fault {

struct Case {
  std::string_view function;
  std::vector<std::uint64_t> arguments;  // the bits of each flat value, without the result pointer
  std::optional<GpuErrorCode> error = {};
};

// On the buffers of prepare().
[[nodiscard]] std::span<const Case> cases();

[[nodiscard]] const abi::ContractFunction& contract_function(std::string_view name);

// Makes the buffers 1 to kBuffers that the cases use.
inline constexpr std::uint32_t kBuffers = 9;
void prepare(Session& session);

}  // namespace gpu_host::fault
