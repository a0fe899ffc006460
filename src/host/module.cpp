// From bytes to a compiled module, with errors that say which bytes are wrong.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "abi/contract.hpp"
#include "host/host_impl.hpp"

namespace gpu_host {
namespace {

using Bytes = std::span<const std::byte>;

bool starts_with(Bytes code, std::string_view prefix) {
  return code.size() >= prefix.size() && std::memcmp(code.data(), prefix.data(), prefix.size()) == 0;
}

constexpr std::string_view kWasmMagic{"\0asm", 4};
constexpr std::string_view kElfMagic{"\177ELF"};  // what Wasmtime's compiled modules are
// The 16-bit layer behind the 16-bit version: 0 is a module, 1 a component.
constexpr std::string_view kComponentLayer{"\1\0", 2};

bool is_component(Bytes code) {
  return starts_with(code, kWasmMagic) && code.size() >= 8 && starts_with(code.subspan(6), kComponentLayer);
}

std::unexpected<Error> invalid(const std::string& name, std::string_view what) {
  return error(ErrorKind::invalid_module, fmt::format("{}: {}", name, what));
}

const uint8_t* as_uint8(Bytes code) { return reinterpret_cast<const uint8_t*>(code.data()); }

std::string_view view(const wasm_name_t& name) { return {name.data, name.size}; }

bool imports_gpu(std::span<wasm_importtype_t* const> imports) {
  return std::ranges::any_of(imports, [](const wasm_importtype_t* import) {
    return view(*wasm_importtype_module(import)).starts_with(abi::kContractPrefix);
  });
}

std::vector<const abi::ContractFunction*> gpu_functions(std::span<wasm_importtype_t* const> imports) {
  std::vector<const abi::ContractFunction*> functions;
  for (const abi::ContractFunction& function : abi::contract_functions()) {
    const bool imported = std::ranges::any_of(imports, [&](const wasm_importtype_t* import) {
      return view(*wasm_importtype_name(import)) == function.name &&
             view(*wasm_importtype_module(import)) == function.interface;
    });
    if (imported) functions.push_back(&function);
  }
  return functions;
}

std::map<std::string, std::optional<Signature>, std::less<>> exported_functions(const wasmtime_module_t& module) {
  ExportTypes exports;
  wasmtime_module_exports(&module, &exports.vector);
  std::map<std::string, std::optional<Signature>, std::less<>> functions;
  for (const wasm_exporttype_t* item : std::span(exports.vector.data, exports.vector.size)) {
    const wasm_functype_t* type = wasm_externtype_as_functype_const(wasm_exporttype_type(item));
    if (type != nullptr) functions.emplace(to_string(*wasm_exporttype_name(item)), signature_of(*type));
  }
  return functions;
}

std::shared_ptr<const Module::Impl> make_module(std::shared_ptr<const Host::Impl> host, ModulePtr module,
                                                const std::string& name) {
  ImportTypes types;
  wasmtime_module_imports(module.get(), &types.vector);
  const std::span imports(types.vector.data, types.vector.size);
  auto functions = exported_functions(*module);
  return std::make_shared<const Module::Impl>(Module::Impl{
      std::move(host), std::move(module), name, imports_gpu(imports), gpu_functions(imports), std::move(functions)});
}

}  // namespace

Result<Module> Host::load(Bytes code, const std::string& name) const {
  if (code.empty()) return invalid(name, "the file is empty");
  if (starts_with(code, kElfMagic)) {
    if (!impl_->options.allow_precompiled) {
      return invalid(name,
                     "this is compiled machine code, which is not checked; give the .wasm it was made from, or allow "
                     "precompiled modules (--allow-precompiled) if you trust it");
    }
    wasmtime_module_t* taken = nullptr;
    const ErrorPtr failed(wasmtime_module_deserialize(impl_->engine.get(), as_uint8(code), code.size(), &taken));
    if (failed) return invalid(name, message_of(*failed));
    return Module(make_module(impl_, ModulePtr(taken), name));
  }
  ByteVector from_text;
  if (!starts_with(code, kWasmMagic)) {
    const ErrorPtr failed(
        wasmtime_wat2wasm(reinterpret_cast<const char*>(code.data()), code.size(), &from_text.vector));
    if (failed) {
      return invalid(
          name, "not WebAssembly: it does not begin with \\0asm at offset 0x0, and as text " + message_of(*failed));
    }
    code = std::as_bytes(std::span(from_text.vector.data, from_text.vector.size));
  }
  if (is_component(code)) {
    return invalid(name,
                   "this is a component; wasmtime-gpu-host runs core modules with WASI preview 1. Build it for "
                   "wasm32-wasip1 (wasm32-wasi) and do not wrap it into a component");
  }
  wasmtime_module_t* compiled = nullptr;
  const ErrorPtr failed(wasmtime_module_new(impl_->engine.get(), as_uint8(code), code.size(), &compiled));
  if (failed) return invalid(name, message_of(*failed));
  return Module(make_module(impl_, ModulePtr(compiled), name));
}

Result<Module> Host::load_file(const std::filesystem::path& path) const {
  const auto cannot = [&](ErrorKind kind, std::string_view why) {
    return error(kind, fmt::format("cannot read module '{}': {}", path.string(), why));
  };
  std::error_code ec;
  const auto status = std::filesystem::status(path, ec);
  if (!std::filesystem::exists(status)) return cannot(ErrorKind::not_found, "no such file");
  if (std::filesystem::is_directory(status)) return cannot(ErrorKind::not_found, "it is a folder");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::vector<char> code{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.good() && !file.eof()) {
    return cannot(ErrorKind::not_found, errno != 0 ? std::generic_category().message(errno) : "reading failed");
  }
  return load(std::as_bytes(std::span(code)), path.string());
}

const std::string& Module::name() const { return impl_->name; }

bool Module::imports_gpu() const { return impl_->imports_gpu; }

Result<std::vector<std::byte>> Module::serialize() const {
  ByteVector code;
  const ErrorPtr failed(wasmtime_module_serialize(impl_->module.get(), &code.vector));
  if (failed) return error(ErrorKind::internal, fmt::format("{}: {}", name(), message_of(*failed)));
  const auto bytes = std::as_bytes(std::span(code.vector.data, code.vector.size));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

Result<const Signature*> Module::Impl::signature(std::string_view function) const {
  const auto found = functions.find(function);
  if (found == functions.end()) {
    return error(ErrorKind::not_found, fmt::format("{}: it exports no function '{}'", name, function));
  }
  if (!found->second) {
    return invalid_argument(fmt::format("{}: '{}' takes or returns what is no number", name, function));
  }
  return &*found->second;
}

}  // namespace gpu_host
