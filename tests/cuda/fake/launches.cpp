// Modules, their kernels, and launches. A module's image cannot be run here; it says
// which kernels there are and for which chips.
#include <algorithm>
#include <cstring>

#include "driver.hpp"
#include "emulation.hpp"

using fake_cuda::Call;
using fake_cuda::driver;
using fake_cuda::Kernel;
using fake_cuda::Module;

namespace {

// Offsets in the header of a 64-bit ELF file.
template <class T>
T read(const char* image, std::size_t offset) {
  T value{};
  std::memcpy(&value, image + offset, sizeof(value));
  return value;
}

bool is_elf(const char* image) { return std::memcmp(image, "\177ELF", 4) == 0; }

std::size_t elf_size(const char* image) {
  const auto programs =
      read<std::uint64_t>(image, 32) + read<std::uint16_t>(image, 54) * read<std::uint16_t>(image, 56);
  const auto sections =
      read<std::uint64_t>(image, 40) + read<std::uint16_t>(image, 58) * read<std::uint16_t>(image, 60);
  return std::max(programs, sections);
}

std::uint32_t elf_chip(const char* image) { return read<std::uint32_t>(image, 48) & 0xFF; }

bool runs_on(std::uint32_t chip, std::uint32_t capability) {
  return chip / 10 == capability / 10 && chip <= capability;
}

bool has_kernel(const Module& module, const std::string& name) {
  const std::string& image = module.image;
  return image.find(is_elf(image.data()) ? '\0' + name + '\0' : ".entry " + name + "(") != std::string::npos;
}

struct Launch {
  CUdevice device;
  const Kernel* kernel;
  fake_cuda::Index3 grid, block;
  std::vector<std::byte> params;
};

CUresult run(const Launch& launch) {
  auto& state = driver();
  if (++state.launches == state.faulty_launch) {
    if (state.fault_loses_device) state.lost_devices.insert(launch.device);
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  }
  gridDim = {launch.grid};
  for (unsigned z = 0; z < launch.grid.z; ++z) {
    for (unsigned y = 0; y < launch.grid.y; ++y) {
      for (unsigned x = 0; x < launch.grid.x; ++x) {
        blockIdx = {{x, y, z}};
        // Each other block's threads run in the reverse order: no order may matter.
        fake_cuda::run_block(*launch.kernel, launch.params.data(), launch.block, (x + state.launches) % 2 != 0);
      }
    }
  }
  return CUDA_SUCCESS;
}

}  // namespace

CUresult CUDAAPI cuModuleLoadData(CUmodule* module, const void* image) {
  FAKE_CUDA_CALL("ModuleLoadData", context);
  const char* const bytes = static_cast<const char*>(image);
  const std::size_t size = is_elf(bytes) ? elf_size(bytes) : std::strlen(bytes);
  auto loaded = std::make_shared<Module>(Module{std::string(bytes, size)});
  if (is_elf(bytes)) {
    if (!runs_on(elf_chip(bytes), driver().settings.capability)) return CUDA_ERROR_NO_BINARY_FOR_GPU;
  } else if (loaded->image.find("\n.version ") == std::string::npos) {
    return CUDA_ERROR_INVALID_IMAGE;
  }
  *module = fake_cuda::add<CUmodule>(driver().modules, std::move(loaded));
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuModuleUnload(CUmodule module) {
  FAKE_CUDA_CALL("ModuleUnload", give_back);
  if (driver().modules.erase(module) == 0) return driver().misuse(CUDA_ERROR_INVALID_HANDLE);
  return call.result(CUDA_SUCCESS);
}

CUresult CUDAAPI cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
  FAKE_CUDA_CALL("ModuleGetFunction", context);
  const auto found = fake_cuda::find(driver().modules, module);
  if (found == nullptr) return driver().misuse(CUDA_ERROR_INVALID_HANDLE);
  const auto kernel = driver().kernels.find(name);
  if (kernel == driver().kernels.end() || !has_kernel(*found, name)) return CUDA_ERROR_NOT_FOUND;
  *function = reinterpret_cast<CUfunction>(const_cast<Kernel*>(kernel->second));
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuFuncSetAttribute(CUfunction function, CUfunction_attribute /*attribute*/, int /*value*/) {
  FAKE_CUDA_CALL("FuncSetAttribute", context);
  return function == nullptr ? driver().misuse(CUDA_ERROR_INVALID_HANDLE) : CUDA_SUCCESS;
}

CUresult CUDAAPI cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
                                CUstream stream, void** params, void** extra) {
  FAKE_CUDA_CALL("LaunchKernel", context);
  const std::uint64_t threads = std::uint64_t{block_x} * block_y * block_z;
  if (function == nullptr) return driver().misuse(CUDA_ERROR_INVALID_HANDLE);
  if (grid_x - 1 > 0x7FFFFFFE || grid_y - 1 > 65534 || grid_z - 1 > 65534 || block_x - 1 > 1023 || block_y - 1 > 1023 ||
      block_z - 1 > 63 || threads > 1024 || shared_bytes > 48 << 10 || params == nullptr || extra != nullptr) {
    return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  }
  const auto* const kernel = reinterpret_cast<const Kernel*>(function);
  if (kernel->max_threads != 0 && threads > kernel->max_threads) {
    return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  }
  const auto* const bytes = static_cast<const std::byte*>(params[0]);
  Launch launch{call.context->device,
                kernel,
                {grid_x, grid_y, grid_z},
                {block_x, block_y, block_z},
                {bytes, bytes + kernel->params_size}};
  return call.queue(stream, [launch = std::move(launch)] { return run(launch); });
}
