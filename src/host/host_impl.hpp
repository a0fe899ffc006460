// What is behind Host and Module: shared by the files of src/host.
#pragma once

#include <memory>
#include <string>

#include "gpu_host/host.hpp"
#include "host/wasmtime.hpp"

namespace gpu_host {

struct Host::Impl {
  EnginePtr engine;
  bool interruptible;
};

struct Module::Impl {
  std::shared_ptr<const Host::Impl> host;  // the engine outlives the module
  ModulePtr module;
  std::string name;
  bool imports_gpu;
};

}  // namespace gpu_host
