// What is behind Host and Module: shared by the files of src/host.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "abi/contract.hpp"
#include "gpu_host/host.hpp"
#include "host/values.hpp"
#include "host/wasmtime.hpp"

namespace gpu_host {

// Stack that host calls may need beyond what the guest has used up.
inline constexpr std::uint64_t kHostStack = 1 << 20;

struct Host::Impl {
  EnginePtr engine;
  HostOptions options;
  std::uint64_t available_memory;  // bytes, when the host was made
};

struct Module::Impl {
  std::shared_ptr<const Host::Impl> host;  // the engine outlives the module
  ModulePtr module;
  std::string name;
  bool imports_gpu;
  std::vector<const abi::ContractFunction*> gpu_functions;  // that it imports, each once
  // The exported functions. Without a signature: it has types other than numbers.
  std::map<std::string, std::optional<Signature>, std::less<>> functions;

  // not_found where there is no such function, invalid_argument where it has types
  // other than numbers. Valid as long as this.
  [[nodiscard]] Result<const Signature*> signature(std::string_view function) const;
};

}  // namespace gpu_host
