#include "abi/contract.hpp"

#include "abi/host_function.hpp"
#include "abi/wit_types.hpp"
#include "wasi_gpu/compute.hpp"
#include "wasi_gpu/ml_kernels.hpp"

namespace gpu_host::abi {
namespace {

// get-device-info has no result type to carry an error: it traps.
DeviceInfo get_device_info(Session& session, Call& call) {
  auto info = wasi_gpu::get_device_info(session);
  if (info) return *std::move(info);
  call.set_trap({"get-device-info: " + info.error().message});
  return {};
}

// Reads from the device straight into a list of the guest.
GpuResult<GuestList> buffer_read(Session& session, Call& call, BufferId buffer, std::uint64_t offset,
                                 std::uint32_t size) {
  struct Target {
    Call& call;
    std::uint32_t size;
    GuestList list;
  } target{call, size, {}};
  // One reference: it fits a std::function without an allocation.
  auto read = wasi_gpu::buffer_read(session, buffer, offset, size, [&target]() -> GpuResult<std::span<std::byte>> {
    auto allocated = target.call.allocate(target.size, 1, "buffer-read");
    if (!allocated) return std::unexpected(std::move(allocated.error()));
    target.list = *allocated;
    return target.call.bytes(target.list.pointer, target.list.length, "buffer-read");
  });
  if (!read) return std::unexpected(std::move(read.error()));
  return target.list;
}

template <auto function>
constexpr ContractFunction bind(std::string_view interface, std::string_view name) {
  return {interface, name, HostFunction<function>::kParameters, &HostFunction<function>::invoke};
}

constexpr std::string_view kCompute = "wasi:gpu/compute@0.1.0";
constexpr std::string_view kMlKernels = "wasi:gpu/ml-kernels@0.1.0";

constexpr std::array kFunctions{
    bind<&get_device_info>(kCompute, "get-device-info"),
    bind<&wasi_gpu::buffer_create>(kCompute, "buffer-create"),
    bind<&wasi_gpu::buffer_write>(kCompute, "buffer-write"),
    bind<&buffer_read>(kCompute, "buffer-read"),
    bind<&wasi_gpu::buffer_copy>(kCompute, "buffer-copy"),
    bind<&wasi_gpu::buffer_destroy>(kCompute, "buffer-destroy"),
    bind<&wasi_gpu::sync>(kCompute, "sync"),
    bind<&wasi_gpu::kernel_bootstrap_sample>(kMlKernels, "kernel-bootstrap-sample"),
    bind<&wasi_gpu::kernel_find_split>(kMlKernels, "kernel-find-split"),
    bind<&wasi_gpu::kernel_average>(kMlKernels, "kernel-average"),
    bind<&wasi_gpu::kernel_matmul>(kMlKernels, "kernel-matmul"),
    bind<&wasi_gpu::kernel_elementwise>(kMlKernels, "kernel-elementwise"),
    bind<&wasi_gpu::kernel_reduce>(kMlKernels, "kernel-reduce"),
    bind<&wasi_gpu::kernel_batch_predict>(kMlKernels, "kernel-batch-predict"),
};

}  // namespace

std::span<const ContractFunction> contract_functions() { return kFunctions; }

}  // namespace gpu_host::abi
