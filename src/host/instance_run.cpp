#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "host/instance_impl.hpp"
#include "util/stack_thread.hpp"
#include "util/watchdog.hpp"

namespace gpu_host {
namespace {

constexpr std::string_view kStart = "_start";            // of commands
constexpr std::string_view kInitialize = "_initialize";  // of reactors, if they have it

// Of what Wasmtime says when a module cannot be instantiated within the limits.
bool is_resource_limit(std::string_view message) {
  constexpr std::array<std::string_view, 3> kTexts{"resource limit exceeded", "exceeds memory limits",
                                                   "exceeds table limits"};
  return std::ranges::any_of(kTexts, [&](std::string_view text) { return message.contains(text); });
}

bool is_nullary(const Signature& signature) { return signature.parameters.empty() && signature.results.empty(); }

std::string seconds(std::optional<std::chrono::nanoseconds> time) {
  return fmt::format("{}", std::chrono::duration<double>(time.value_or(std::chrono::nanoseconds{})));
}

}  // namespace

Error Instance::Impl::failure(ErrorPtr failed, TrapPtr trap) const {
  const auto ended_by = [this](ErrorKind kind, std::string_view why) {
    return Error{kind, fmt::format("{}: {}", module->name, why)};
  };
  std::optional<int> exit_status = state->exit_status();
  if (int status = 0; !exit_status && failed && wasmtime_error_exit_status(failed.get(), &status)) exit_status = status;
  if (exit_status) {
    Error exit = ended_by(ErrorKind::exit, fmt::format("it exited with {}", *exit_status));
    exit.exit_code = *exit_status;
    return exit;
  }
  switch (state->session().interrupt().reason()) {
    case InterruptReason::timeout:
      return ended_by(ErrorKind::limit, "interrupted: the timeout of " + seconds(limits.timeout) + " has passed");
    case InterruptReason::gpu_time:
      return ended_by(ErrorKind::limit, "interrupted: the GPU time of " + seconds(limits.gpu_time) + " is used up");
    case InterruptReason::embedder:
      return ended_by(ErrorKind::limit, "interrupted");
    case InterruptReason::none:
      break;
  }
  if (trap) {
    wasmtime_trap_code_t code = 0;
    if (wasmtime_trap_code(trap.get(), &code) && code == WASMTIME_TRAP_CODE_OUT_OF_FUEL) {
      return ended_by(ErrorKind::limit, fmt::format("out of fuel: all {} units are used up", limits.fuel.value_or(0)));
    }
    return ended_by(ErrorKind::trap, message_of(*trap));
  }
  // What is left are errors of host calls: our traps, the traps that stand for unknown
  // imports, and what WASI refuses to do, such as to exit with 200.
  const std::string message = message_of(*failed);
  if (is_resource_limit(message)) return ended_by(ErrorKind::limit, message);
  const bool unknown_import = unknown_imports == UnknownImports::trap && message.contains("unknown import: ");
  return ended_by(state->trapped() || unknown_import ? ErrorKind::trap : ErrorKind::internal, message);
}

Error Instance::Impl::has_ended() const {
  return {ErrorKind::invalid_argument,
          fmt::format("{}: the instance has ended; make another one of the same module", module->name)};
}

Result<void> Instance::Impl::enter(const std::function<Result<void>()>& guest) {
  if (std::exchange(ended, true)) {
    return std::unexpected(has_ended());
  }
  Interrupt& interrupt = state->session().interrupt();
  if (interruptible()) wasmtime_context_set_epoch_deadline(context(), 1);
  if (limits.timeout && time_left <= std::chrono::nanoseconds::zero()) interrupt.request(InterruptReason::timeout);
  if (interrupt.requested()) return std::unexpected(failure(nullptr, nullptr));
  std::optional<Watchdog> watchdog;
  const auto begin = limits.timeout ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point{};
  try {
    if (limits.timeout) {
      watchdog.emplace(time_left, [&interrupt, host = module->host] {
        interrupt.request(InterruptReason::timeout);
        wasmtime_engine_increment_epoch(host->engine.get());
      });
    }
    if (profiler) profiler->start();
  } catch (const std::system_error& no_thread) {
    return error(ErrorKind::internal,
                 fmt::format("{}: no thread to watch the time: {}", module->name, no_thread.what()));
  }
  Result<void> result;
  if (const auto stack = module->host->options.max_wasm_stack) {
    const auto ran = run_on_stack(static_cast<std::size_t>(*stack + kHostStack), [&] { result = guest(); });
    if (!ran) result = ran;
  } else {
    result = guest();
  }
  if (!interrupt.requested()) {
    // What the guest asked for is done, and in the embedder's arrays, when it returns.
    state->session().wait();
    if (result && interrupt.requested()) result = std::unexpected(failure(nullptr, nullptr));
  }
  if (profiler) profiler->stop();
  if (limits.timeout) time_left -= std::chrono::steady_clock::now() - begin;
  ended = !result;
  return result;
}

Result<void> Instance::Impl::instantiate() {
  wasmtime_instance_pre_t* made = nullptr;
  ErrorPtr failed(wasmtime_linker_instantiate_pre(linker.get(), module->module.get(), &made));
  if (failed) return error(ErrorKind::link, fmt::format("{}: {}", module->name, message_of(*failed)));
  const InstancePrePtr linked(made);

  // From here on the guest runs: a start section may call anything.
  wasmtime_instance_t instantiated;
  wasm_trap_t* trap = nullptr;
  failed.reset(wasmtime_instance_pre_instantiate(linked.get(), context(), &instantiated, &trap));
  if (failed || trap != nullptr) return std::unexpected(failure(std::move(failed), TrapPtr(trap)));
  instance = instantiated;
  return {};
}

Result<void> Instance::Impl::initialize() {
  if (instance) return {};
  if (auto instantiated = instantiate(); !instantiated) return instantiated;
  const auto signature = module->signature(kInitialize);
  if (!signature || !is_nullary(**signature)) return {};
  const auto called = call(kInitialize, {}, {});
  if (!called) return std::unexpected(called.error());
  return {};
}

Result<std::vector<Value>> Instance::Impl::call(std::string_view function, const std::vector<Value>& results,
                                                std::span<const Value> arguments) {
  wasmtime_extern_t item;
  if (!wasmtime_instance_export_get(context(), &*instance, function.data(), function.size(), &item)) {
    return error(ErrorKind::internal, fmt::format("{}: '{}' is not there", module->name, function));
  }
  std::vector<wasmtime_val_t> given(arguments.size());
  std::ranges::transform(arguments, given.begin(), to_wasmtime);
  std::vector<wasmtime_val_t> returned(results.size());
  wasm_trap_t* trap = nullptr;
  ErrorPtr failed(wasmtime_func_call(context(), &item.of.func, given.data(), given.size(), returned.data(),
                                     returned.size(), &trap));
  if (failed || trap != nullptr) return std::unexpected(failure(std::move(failed), TrapPtr(trap)));
  std::vector<Value> values(returned.size());
  std::ranges::transform(returned, values.begin(), from_wasmtime);
  return values;
}

Result<int> Instance::run() {
  const auto start = impl_->module->signature(kStart);
  if (!start || !is_nullary(**start)) {
    return error(ErrorKind::invalid_module,
                 fmt::format("{}: {}", impl_->module->name,
                             start ? "its _start must take and return nothing"
                                   : "it exports no function _start, which a WASI command must have"));
  }
  if (impl_->instance) {
    return invalid_argument("an instance runs once; make another one of the same module");
  }
  const auto ran = impl_->enter([this] -> Result<void> {
    if (auto instantiated = impl_->instantiate(); !instantiated) return instantiated;
    const auto called = impl_->call(kStart, {}, {});
    if (!called) return std::unexpected(called.error());
    return {};
  });
  impl_->ended = true;
  if (ran) return 0;
  if (ran.error().kind == ErrorKind::exit) return ran.error().exit_code;
  return std::unexpected(ran.error());
}

Result<std::vector<Value>> Instance::call(std::string_view function, std::span<const Value> arguments) {
  const auto signature = impl_->module->signature(function);
  if (!signature) return std::unexpected(signature.error());
  const auto wrong = [&](const std::string& what) {
    return invalid_argument(fmt::format("{}: '{}' {}", impl_->module->name, function, what));
  };
  const auto& parameters = (*signature)->parameters;
  if (arguments.size() != parameters.size()) {
    return wrong(fmt::format("takes {} arguments, not {}", parameters.size(), arguments.size()));
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].index() != parameters[i].index()) {
      return wrong(fmt::format("takes an {} as argument {}, not an {}", type_name(parameters[i]), i + 1,
                               type_name(arguments[i])));
    }
  }
  std::vector<Value> results;
  const auto called = impl_->enter([&] -> Result<void> {
    if (auto initialized = impl_->initialize(); !initialized) return initialized;
    auto returned = impl_->call(function, (*signature)->results, arguments);
    if (!returned) return std::unexpected(std::move(returned.error()));
    results = *std::move(returned);
    return {};
  });
  if (!called) return std::unexpected(called.error());
  return results;
}

}  // namespace gpu_host
