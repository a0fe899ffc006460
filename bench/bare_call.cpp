#include "bare_call.hpp"

#include <wasm.h>
#include <wasmtime.h>

#include <memory>
#include <stdexcept>
#include <string_view>

#include "guest_loop.hpp"

namespace gpu_host::bench {
namespace {

template <auto function>
struct Deleter {
  void operator()(auto* object) const noexcept { function(object); }
};

void check(wasmtime_error_t* error, const wasm_trap_t* trap = nullptr) {
  if (error != nullptr || trap != nullptr) throw std::runtime_error("the guest of the bare call failed");
}

wasm_trap_t* nothing(void*, wasmtime_caller_t*, wasmtime_val_raw_t*, std::size_t) { return nullptr; }

class BareLoop {
 public:
  BareLoop() {
    const Call call{.interface = "bare", .function = "call", .has_result = false};
    const std::string text = loop_text({&call, 1}, 0);
    wasm_byte_vec_t binary;
    check(wasmtime_wat2wasm(text.data(), text.size(), &binary));
    wasmtime_module_t* module = nullptr;
    check(wasmtime_module_new(engine_.get(), reinterpret_cast<const std::uint8_t*>(binary.data), binary.size, &module));
    wasm_byte_vec_delete(&binary);
    constexpr std::string_view kModule = "bare";
    constexpr std::string_view kName = "call";
    wasm_functype_t* const type = wasm_functype_new_0_0();
    check(wasmtime_linker_define_func_unchecked(linker_.get(), kModule.data(), kModule.size(), kName.data(),
                                                kName.size(), type, &nothing, nullptr, nullptr));
    wasm_functype_delete(type);
    check(wasmtime_linker_define_unknown_imports_as_traps(linker_.get(), module));  // which nobody calls
    wasmtime_instance_t instance;
    wasm_trap_t* trap = nullptr;
    check(wasmtime_linker_instantiate(linker_.get(), context(), module, &instance, &trap), trap);
    wasmtime_module_delete(module);
    constexpr std::string_view kRun = "run";
    wasmtime_extern_t item;
    if (!wasmtime_instance_export_get(context(), &instance, kRun.data(), kRun.size(), &item)) check(nullptr, trap);
    run_ = item.of.func;
  }

  void run(std::int32_t count) {
    wasmtime_val_raw_t value{};
    value.i32 = count;
    wasm_trap_t* trap = nullptr;
    check(wasmtime_func_call_unchecked(context(), &run_, &value, 1, &trap), trap);
  }

 private:
  [[nodiscard]] wasmtime_context_t* context() const { return wasmtime_store_context(store_.get()); }

  std::unique_ptr<wasm_engine_t, Deleter<wasm_engine_delete>> engine_{wasm_engine_new()};
  std::unique_ptr<wasmtime_store_t, Deleter<wasmtime_store_delete>> store_{
      wasmtime_store_new(engine_.get(), nullptr, nullptr)};
  std::unique_ptr<wasmtime_linker_t, Deleter<wasmtime_linker_delete>> linker_{wasmtime_linker_new(engine_.get())};
  wasmtime_func_t run_{};
};

}  // namespace

Operation bare_call_loop() {
  return [loop = std::make_shared<BareLoop>()](std::int64_t count) {
    return seconds_of([&] { loop->run(static_cast<std::int32_t>(count)); });
  };
}

}  // namespace gpu_host::bench
