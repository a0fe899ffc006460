#include "gpu_host/instance.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "abi/contract.hpp"
#include "backend/registry.hpp"
#include "host/instance_impl.hpp"
#include "host/wasi.hpp"
#include "wasi_gpu/compute.hpp"
#include "wasi_gpu/default_limits.hpp"

namespace gpu_host {
namespace {

// A module may have memories and tables without number; each is bounded, and so are
// they together.
constexpr std::int64_t kMaxMemories = 1;
constexpr std::int64_t kMaxTables = 10;

Result<void> to_result(wasmtime_error_t* failed, ErrorKind kind) {
  const ErrorPtr owned(failed);
  if (owned) return error(kind, message_of(*owned));
  return {};
}

std::unexpected<Error> to_error(GpuError failed) {
  switch (failed.code) {
    case GpuErrorCode::out_of_memory:
      return error(ErrorKind::limit, std::move(failed.message));
    case GpuErrorCode::invalid_buffer:
    case GpuErrorCode::invalid_params:
      return invalid_argument(std::move(failed.message));
    case GpuErrorCode::kernel_error:
    case GpuErrorCode::device_unavailable:
      break;
  }
  return error(ErrorKind::device, std::move(failed.message));
}

std::vector<std::string_view> contract_interfaces() {
  std::vector<std::string_view> interfaces;
  for (const abi::ContractFunction& function : abi::contract_functions()) {
    if (interfaces.empty() || interfaces.back() != function.interface) interfaces.push_back(function.interface);
  }
  return interfaces;
}

// At each epoch the guest is asked whether it may go on, and sampled.
wasmtime_error_t* at_epoch(wasmtime_context_t*, void* data, std::uint64_t* delta,
                           wasmtime_update_deadline_kind_t* kind) {
  auto& instance = *static_cast<Instance::Impl*>(data);
  if (instance.state->session().interrupt().requested()) return wasmtime_error_new("interrupted");
  if (instance.profiler) instance.profiler->sample(*instance.store);
  *delta = 1;
  *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  return nullptr;
}

}  // namespace

Result<void> Instance::Impl::check(const InstanceOptions& options) const {
  const HostOptions& host = module->host->options;
  if (options.limits.timeout && !host.interruptible) {
    return invalid_argument("a timeout needs a Host with HostOptions::interruptible");
  }
  if (options.limits.fuel && !host.fuel) return invalid_argument("a fuel limit needs a Host with HostOptions::fuel");
  if (options.cpu_threads == 0U) return invalid_argument("cpu_threads must be 1 or more");
  if (const auto interval = options.profile_interval) {
    using std::chrono::hours, std::chrono::microseconds;
    if (!host.interruptible) return invalid_argument("a profile needs a Host with HostOptions::interruptible");
    if (*interval < microseconds(1) || *interval > hours(1)) {
      return invalid_argument("profile_interval must be from one microsecond to one hour");
    }
  }
  return check_choice(options.device);
}

Result<void> Instance::Impl::limit() {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  wasmtime_store_limiter(store.get(), static_cast<std::int64_t>(std::min(*limits.guest_memory, kMax)),
                         limits.table_elements, 1, kMaxTables, kMaxMemories);
  if (module->host->options.fuel) {
    const std::uint64_t fuel = limits.fuel.value_or(std::numeric_limits<std::uint64_t>::max());
    if (auto set = to_result(wasmtime_context_set_fuel(context(), fuel), ErrorKind::internal); !set) return set;
  }
  if (interruptible()) wasmtime_store_epoch_deadline_callback(store.get(), &at_epoch, this, nullptr);
  return {};
}

std::vector<std::string> Instance::Impl::missing_imports() const {
  ImportTypes imports;
  wasmtime_module_imports(module->module.get(), &imports.vector);
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < imports.vector.size; ++i) {
    const wasm_name_t& from = *wasm_importtype_module(imports.vector.data[i]);
    const wasm_name_t& name = *wasm_importtype_name(imports.vector.data[i]);
    wasmtime_extern_t item;
    if (wasmtime_linker_get(linker.get(), context(), from.data, from.size, name.data, name.size, &item)) {
      wasmtime_extern_delete(&item);
    } else {
      missing.push_back(fmt::format("'{}' of '{}'", to_string(name), to_string(from)));
    }
  }
  return missing;
}

Result<void> Instance::Impl::define_imports() {
  if (auto defined = to_result(wasmtime_linker_define_wasi(linker.get()), ErrorKind::internal); !defined)
    return defined;
  if (auto defined = state->define_imports(*linker, module->gpu_functions); !defined) return defined;
  switch (unknown_imports) {
    case UnknownImports::refuse:
      break;
    case UnknownImports::trap:
      return to_result(wasmtime_linker_define_unknown_imports_as_traps(linker.get(), module->module.get()),
                       ErrorKind::link);
    case UnknownImports::default_value:
      return to_result(
          wasmtime_linker_define_unknown_imports_as_default_values(linker.get(), context(), module->module.get()),
          ErrorKind::link);
  }
  if (const auto missing = missing_imports(); !missing.empty()) {
    return error(ErrorKind::link, fmt::format("{}: unknown import{} {}; this host has wasi_snapshot_preview1, {}",
                                              module->name, missing.size() > 1 ? "s" : "", fmt::join(missing, ", "),
                                              fmt::join(contract_interfaces(), ", ")));
  }
  return {};
}

Result<Instance> Instance::create(const Module& module, const InstanceOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->module = module.impl_;
  impl->limits = options.limits;
  if (!impl->limits.guest_memory) {
    impl->limits.guest_memory = default_guest_memory(module.impl_->host->available_memory);
  }
  impl->unknown_imports = options.unknown_imports;
  impl->time_left = options.limits.timeout.value_or(std::chrono::nanoseconds{});
  if (auto checked = impl->check(options); !checked) return std::unexpected(std::move(checked.error()));
  auto wasi = make_wasi_config(options);
  if (!wasi) return std::unexpected(std::move(wasi.error()));

  const Host::Impl& host = *module.impl_->host;
  impl->state = std::make_unique<InstanceState>([device = options.device] { return open_device(device); }, options,
                                                host.available_memory);
  if (options.profile_interval) impl->profiler.emplace(impl->module, *options.profile_interval);
  impl->linker.reset(wasmtime_linker_new(host.engine.get()));
  impl->store.reset(wasmtime_store_new(host.engine.get(), nullptr, nullptr));
  auto ready = to_result(wasmtime_context_set_wasi(impl->context(), wasi->release()), ErrorKind::internal);
  if (ready) ready = impl->limit();
  if (ready) ready = impl->define_imports();
  if (ready && module.imports_gpu() && (options.device.index || names_backend(options.device))) {
    ready = impl->state->session().open();
  }
  if (!ready) return std::unexpected(std::move(ready.error()));
  return Instance(std::move(impl));
}

Result<std::vector<Value>> Instance::parameters(std::string_view function) const {
  auto signature = impl_->module->signature(function);
  if (!signature) return std::unexpected(std::move(signature.error()));
  return (*signature)->parameters;
}

Result<BufferId> Instance::Impl::share(const WrappedMemory& memory) {
  if (ended) return std::unexpected(has_ended());
  auto id = state->session().share(memory);
  if (!id) return to_error(std::move(id.error()));
  return *id;
}

Result<BufferId> Instance::share(std::span<std::byte> array, std::shared_ptr<const void> owner) {
  return impl_->share({.bytes = array, .read_only = false, .owner = std::move(owner)});
}

Result<BufferId> Instance::share_read_only(std::span<const std::byte> array, std::shared_ptr<const void> owner) {
  const std::span bytes(const_cast<std::byte*>(array.data()), array.size());  // never written: read_only
  return impl_->share({.bytes = bytes, .read_only = true, .owner = std::move(owner)});
}

Result<void> Instance::release(BufferId buffer) {
  auto released = wasi_gpu::buffer_destroy(impl_->state->session(), buffer);
  if (!released) return to_error(std::move(released.error()));
  return {};
}

Result<void> Instance::read_buffer(BufferId buffer, std::uint64_t offset, std::span<std::byte> destination) {
  if (impl_->state->session().interrupt().requested()) return std::unexpected(impl_->failure(nullptr, nullptr));
  auto read = wasi_gpu::buffer_read(impl_->state->session(), buffer, offset, destination.size(),
                                    [destination] -> GpuResult<std::span<std::byte>> { return destination; });
  if (!read) return to_error(std::move(read.error()));
  return {};
}

void Instance::interrupt() noexcept {
  impl_->state->session().interrupt().request(InterruptReason::embedder);
  wasmtime_engine_increment_epoch(impl_->module->host->engine.get());
}

Result<std::string> Instance::guest_profile() {
  if (!impl_->profiler) return invalid_argument("no profile: InstanceOptions::profile_interval was not set");
  return impl_->profiler->finish();
}

Instance::Instance(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Instance::Instance(Instance&&) noexcept = default;
Instance& Instance::operator=(Instance&&) noexcept = default;
Instance::~Instance() = default;

}  // namespace gpu_host
