#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <string_view>
#include <utility>

#include "backend/registry.hpp"
#include "host/host_impl.hpp"
#include "host/instance_state.hpp"
#include "host/wasi.hpp"
#include "util/watchdog.hpp"

namespace gpu_host {

struct Instance::Impl {
  std::shared_ptr<const Module::Impl> module;
  std::optional<std::chrono::nanoseconds> timeout;
  UnknownImports unknown_imports = UnknownImports::refuse;
  bool started = false;
  // The linker's functions point to the state, and what runs in the store calls
  // them: torn down in the opposite order.
  std::unique_ptr<InstanceState> state;
  LinkerPtr linker;
  StorePtr store;

  [[nodiscard]] wasmtime_context_t* context() const { return wasmtime_store_context(store.get()); }
  [[nodiscard]] Result<void> define_imports();
  [[nodiscard]] std::vector<std::string> missing_imports() const;
  void interrupt_at_deadline();
  [[nodiscard]] Result<int> start();
  [[nodiscard]] Result<int> outcome(ErrorPtr failed, TrapPtr trap) const;
};

namespace {

Result<void> to_result(wasmtime_error_t* failed, ErrorKind kind) {
  const ErrorPtr owned(failed);
  if (owned) return error(kind, message_of(*owned));
  return {};
}

// A blocked or looping guest is asked at each epoch whether it may go on.
wasmtime_error_t* at_epoch(wasmtime_context_t*, void* state, std::uint64_t* delta,
                           wasmtime_update_deadline_kind_t* kind) {
  if (static_cast<InstanceState*>(state)->session().interrupted()) return wasmtime_error_new("interrupted");
  *delta = 1;
  *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  return nullptr;
}

}  // namespace

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
  if (auto defined = state->define_imports(*linker); !defined) return defined;
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
    return error(ErrorKind::link, fmt::format("{}: unknown import{} {}; this host has wasi_snapshot_preview1, "
                                              "wasi:gpu/compute@0.1.0 and wasi:gpu/ml-kernels@0.1.0",
                                              module->name, missing.size() > 1 ? "s" : "", fmt::join(missing, ", ")));
  }
  return {};
}

Result<Instance> Instance::create(const Module& module, const InstanceOptions& options) {
  if (options.limits.timeout && !module.impl_->host->interruptible) {
    return error(ErrorKind::invalid_argument, "a timeout needs a Host with HostOptions::interruptible");
  }
  if (auto known = check_choice(options.device); !known) return std::unexpected(std::move(known.error()));
  auto wasi = make_wasi_config(options);
  if (!wasi) return std::unexpected(std::move(wasi.error()));

  auto impl = std::make_unique<Impl>();
  impl->module = module.impl_;
  impl->timeout = options.limits.timeout;
  impl->unknown_imports = options.unknown_imports;
  impl->state = std::make_unique<InstanceState>(
      [device = options.device] { return open_device(device); }, options.limits,
      options.gpu_abi == GpuAbi::legacy ? abi::Encoding::legacy : abi::Encoding::canonical);

  wasm_engine_t* engine = module.impl_->host->engine.get();
  impl->linker.reset(wasmtime_linker_new(engine));
  impl->store.reset(wasmtime_store_new(engine, nullptr, nullptr));
  auto configured = to_result(wasmtime_context_set_wasi(impl->context(), wasi->release()), ErrorKind::internal);
  if (!configured) return std::unexpected(std::move(configured.error()));
  if (auto defined = impl->define_imports(); !defined) {
    return std::unexpected(std::move(defined.error()));
  }
  if (module.imports_gpu() && (options.device.index || names_backend(options.device))) {
    if (auto opened = impl->state->session().open(); !opened) return std::unexpected(std::move(opened.error()));
  }
  return Instance(std::move(impl));
}

void Instance::Impl::interrupt_at_deadline() {
  if (!module->host->interruptible) return;
  wasmtime_store_epoch_deadline_callback(store.get(), &at_epoch, state.get(), nullptr);
  wasmtime_context_set_epoch_deadline(context(), 1);
}

Result<int> Instance::Impl::outcome(ErrorPtr failed, TrapPtr trap) const {
  if (!failed && !trap) return 0;
  int status = 0;
  if (const auto exit = state->exit_status()) return *exit;
  if (failed && wasmtime_error_exit_status(failed.get(), &status)) return status;
  if (state->session().interrupted()) {
    return error(ErrorKind::limit,
                 fmt::format("{}: interrupted: the timeout of {} has passed", module->name,
                             std::chrono::duration<double>(timeout.value_or(std::chrono::nanoseconds{}))));
  }
  if (trap) return error(ErrorKind::trap, fmt::format("{}: {}", module->name, message_of(*trap)));
  // What is left are errors of host calls: our traps, the traps that stand for unknown
  // imports, and what WASI refuses to do, such as to exit with 200.
  const std::string message = message_of(*failed);
  const bool unknown_import =
      unknown_imports == UnknownImports::trap && message.find("unknown import: ") != std::string::npos;
  return error(state->trapped() || unknown_import ? ErrorKind::trap : ErrorKind::internal,
               fmt::format("{}: {}", module->name, message));
}

Result<int> Instance::Impl::start() {
  wasmtime_instance_pre_t* made = nullptr;
  ErrorPtr failed(wasmtime_linker_instantiate_pre(linker.get(), module->module.get(), &made));
  if (failed) return error(ErrorKind::link, fmt::format("{}: {}", module->name, message_of(*failed)));
  const InstancePrePtr linked(made);

  // From here on the guest runs: a start section may call anything.
  wasmtime_instance_t instance;
  wasm_trap_t* trap = nullptr;
  failed.reset(wasmtime_instance_pre_instantiate(linked.get(), context(), &instance, &trap));
  if (failed || trap != nullptr) return outcome(std::move(failed), TrapPtr(trap));

  constexpr std::string_view kStart = "_start";
  wasmtime_extern_t item;
  if (!wasmtime_instance_export_get(context(), &instance, kStart.data(), kStart.size(), &item)) {
    return error(ErrorKind::invalid_module,
                 fmt::format("{}: it exports no function _start, which a WASI command must have", module->name));
  }
  if (item.kind != WASMTIME_EXTERN_FUNC) {
    wasmtime_extern_delete(&item);
    return error(ErrorKind::invalid_module, fmt::format("{}: its export _start is not a function", module->name));
  }
  const FuncTypePtr type(wasmtime_func_type(context(), &item.of.func));
  if (wasm_functype_params(type.get())->size != 0 || wasm_functype_results(type.get())->size != 0) {
    return error(ErrorKind::invalid_module, fmt::format("{}: its _start must take and return nothing", module->name));
  }
  failed.reset(wasmtime_func_call(context(), &item.of.func, nullptr, 0, nullptr, 0, &trap));
  return outcome(std::move(failed), TrapPtr(trap));
}

Result<int> Instance::run() {
  if (std::exchange(impl_->started, true)) {
    return error(ErrorKind::invalid_argument, "an instance runs once; make another one of the same module");
  }
  impl_->interrupt_at_deadline();
  std::optional<Watchdog> watchdog;
  if (const auto timeout = impl_->timeout) {
    watchdog.emplace(*timeout, [&interrupt = impl_->state->interrupt(), host = impl_->module->host] {
      interrupt.request();
      wasmtime_engine_increment_epoch(host->engine.get());
    });
  }
  return impl_->start();
}

Instance::Instance(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Instance::Instance(Instance&&) noexcept = default;
Instance& Instance::operator=(Instance&&) noexcept = default;
Instance::~Instance() = default;

}  // namespace gpu_host
