#include "gpu_host/host.hpp"

#include <utility>

#include "backend/registry.hpp"
#include "host/host_impl.hpp"

namespace gpu_host {

std::string version() { return WGH_VERSION; }

std::string wasmtime_version() { return WASMTIME_VERSION; }

std::vector<DeviceEntry> list_devices() {
  std::vector<DeviceEntry> entries;
  for (Backend* backend : all_backends()) {
    for (DeviceEntry& entry : backend->devices()) entries.push_back(std::move(entry));
  }
  return entries;
}

Result<Host> Host::create(const HostOptions& options) {
  wasm_config_t* config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, options.interruptible);
  EnginePtr engine(wasm_engine_new_with_config(config));  // takes the config
  if (!engine) return error(ErrorKind::internal, "Wasmtime could not make an engine");
  return Host(std::make_shared<const Impl>(Impl{std::move(engine), options.interruptible}));
}

}  // namespace gpu_host
