#include "host/guest_profiler.hpp"

#include <utility>

namespace gpu_host {

GuestProfiler::GuestProfiler(std::shared_ptr<const Module::Impl> module, std::chrono::nanoseconds interval)
    : module_(std::move(module)), interval_(interval) {
  // Not the module's name: what is not UTF-8 would end the process.
  char text[] = "guest";
  const wasm_name_t name{sizeof text - 1, text};
  const wasmtime_guestprofiler_modules_t modules{&name, module_->module.get()};
  profiler_.reset(wasmtime_guestprofiler_new(module_->host->engine.get(), &name,
                                             static_cast<std::uint64_t>(interval.count()), &modules, 1));
}

void GuestProfiler::start() {
  last_sample_ = std::chrono::steady_clock::now();
  ticker_.emplace(interval_, [host = module_->host] { wasmtime_engine_increment_epoch(host->engine.get()); });
}

void GuestProfiler::sample(const wasmtime_store_t& store) {
  if (!profiler_) return;
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::nanoseconds passed = now - std::exchange(last_sample_, now);
  wasmtime_guestprofiler_sample(profiler_.get(), &store, static_cast<std::uint64_t>(passed.count()));
}

Result<std::string> GuestProfiler::finish() {
  if (!profiler_) return invalid_argument("the guest's profile was taken before");
  ByteVector json;
  const ErrorPtr failed(wasmtime_guestprofiler_finish(profiler_.release(), &json.vector));
  if (failed) return error(ErrorKind::internal, "no profile of the guest: " + message_of(*failed));
  return to_string(json.vector);
}

}  // namespace gpu_host
