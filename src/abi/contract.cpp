#include "abi/contract.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "abi/host_function.hpp"
#include "abi/wit_types.hpp"
#include "wasi_gpu/compute.hpp"
#include "wasi_gpu/forest.hpp"
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
  auto read = wasi_gpu::buffer_read(session, buffer, offset, size, [&target] -> GpuResult<std::span<std::byte>> {
    auto allocated = target.call.allocate(target.size, 1, "buffer-read");
    if (!allocated) return std::unexpected(std::move(allocated.error()));
    target.list = *allocated;
    return target.call.bytes(target.list.pointer, target.list.length, "buffer-read");
  });
  if (!read) return std::unexpected(std::move(read.error()));
  return target.list;
}

// [resource-drop]KIND has no result: it traps.
template <bool (*drop_live)(Session&, wasi_gpu::ResourceHandle)>
void drop(Session& session, Call& call, wasi_gpu::ResourceHandle handle) {
  if (drop_live(session, handle)) return;
  const std::string_view kind = call.function().substr(call.function().find(']') + 1);
  call.set_trap({fmt::format("{} is not a live {} of this instance", handle, kind)});
}

struct Version {
  std::string_view compute;
  std::string_view ml_kernels;
  bool may_be_legacy;
};

constexpr Version k010{
    .compute = "wasi:gpu/compute@0.1.0", .ml_kernels = "wasi:gpu/ml-kernels@0.1.0", .may_be_legacy = true};
constexpr Version k020{
    .compute = "wasi:gpu/compute@0.2.0", .ml_kernels = "wasi:gpu/ml-kernels@0.2.0", .may_be_legacy = false};
constexpr std::string_view kForest = "wasi:gpu/forest@0.2.0";

template <auto function>
constexpr ContractFunction bind(std::string_view interface, std::string_view name, bool may_be_legacy = false) {
  return {interface, name, HostFunction<function>::kParameters, may_be_legacy, &HostFunction<function>::invoke};
}

// What both versions have.
constexpr auto buffers_and_kernels(const Version& version) {
  const auto& [compute, ml_kernels, legacy] = version;
  return std::array{
      bind<&get_device_info>(compute, "get-device-info", legacy),
      bind<&wasi_gpu::buffer_create>(compute, "buffer-create", legacy),
      bind<&wasi_gpu::buffer_write>(compute, "buffer-write", legacy),
      bind<&buffer_read>(compute, "buffer-read", legacy),
      bind<&wasi_gpu::buffer_copy>(compute, "buffer-copy", legacy),
      bind<&wasi_gpu::buffer_destroy>(compute, "buffer-destroy", legacy),
      bind<&wasi_gpu::sync>(compute, "sync", legacy),
      bind<&wasi_gpu::kernel_bootstrap_sample>(ml_kernels, "kernel-bootstrap-sample", legacy),
      bind<&wasi_gpu::kernel_find_split>(ml_kernels, "kernel-find-split", legacy),
      bind<&wasi_gpu::kernel_average>(ml_kernels, "kernel-average", legacy),
      bind<&wasi_gpu::kernel_matmul>(ml_kernels, "kernel-matmul", legacy),
      bind<&wasi_gpu::kernel_elementwise>(ml_kernels, "kernel-elementwise", legacy),
      bind<&wasi_gpu::kernel_reduce>(ml_kernels, "kernel-reduce", legacy),
      bind<&wasi_gpu::kernel_batch_predict>(ml_kernels, "kernel-batch-predict", legacy),
  };
}

constexpr std::array kForestFunctions{
    bind<&wasi_gpu::data_set_create>(kForest, "[static]data-set.create"),
    bind<&wasi_gpu::data_set_constant_features>(kForest, "[method]data-set.constant-features"),
    bind<&drop<&wasi_gpu::data_set_drop>>(kForest, "[resource-drop]data-set"),
    bind<&wasi_gpu::growth_start>(kForest, "[static]growth.start"),
    bind<&wasi_gpu::growth_grow>(kForest, "[method]growth.grow"),
    bind<&wasi_gpu::growth_open_nodes>(kForest, "[method]growth.open-nodes"),
    bind<&wasi_gpu::growth_best_splits>(kForest, "[method]growth.best-splits"),
    bind<&wasi_gpu::growth_value_ranges>(kForest, "[method]growth.value-ranges"),
    bind<&wasi_gpu::growth_evaluate>(kForest, "[method]growth.evaluate"),
    bind<&wasi_gpu::growth_split_nodes>(kForest, "[method]growth.split-nodes"),
    bind<&wasi_gpu::growth_stop>(kForest, "[method]growth.stop"),
    bind<&wasi_gpu::growth_finish>(kForest, "[method]growth.finish"),
    bind<&drop<&wasi_gpu::growth_drop>>(kForest, "[resource-drop]growth"),
    bind<&wasi_gpu::model_create>(kForest, "[static]model.create"),
    bind<&wasi_gpu::model_unpack>(kForest, "[static]model.unpack"),
    bind<&wasi_gpu::model_packed_size>(kForest, "[method]model.packed-size"),
    bind<&wasi_gpu::model_pack>(kForest, "[method]model.pack"),
    bind<&wasi_gpu::model_predict>(kForest, "[method]model.predict"),
    bind<&wasi_gpu::model_quantiles>(kForest, "[method]model.quantiles"),
    bind<&wasi_gpu::model_shape>(kForest, "[method]model.shape"),
    bind<&wasi_gpu::model_tree_offsets>(kForest, "[method]model.tree-offsets"),
    bind<&wasi_gpu::model_write_nodes>(kForest, "[method]model.write-nodes"),
    bind<&wasi_gpu::model_write_leaf_values>(kForest, "[method]model.write-leaf-values"),
    bind<&wasi_gpu::model_importances>(kForest, "[method]model.importances"),
    bind<&wasi_gpu::model_write_out_of_bag>(kForest, "[method]model.write-out-of-bag"),
    bind<&drop<&wasi_gpu::model_drop>>(kForest, "[resource-drop]model"),
};

constexpr auto all_functions() {
  constexpr auto kOlder = buffers_and_kernels(k010);
  constexpr auto kNewer = buffers_and_kernels(k020);
  std::array<ContractFunction, kOlder.size() + kNewer.size() + kForestFunctions.size()> all{};
  const auto after_older = std::ranges::copy(kOlder, all.begin()).out;
  const auto after_newer = std::ranges::copy(kNewer, after_older).out;
  std::ranges::copy(kForestFunctions, after_newer);
  return all;
}

constexpr auto kFunctions = all_functions();

}  // namespace

std::span<const ContractFunction> contract_functions() { return kFunctions; }

}  // namespace gpu_host::abi
