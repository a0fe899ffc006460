#include "host/wasi.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <functional>
#include <string_view>
#include <system_error>
#include <vector>

namespace gpu_host {
namespace {

bool has_nul(std::string_view text) { return text.contains('\0'); }

Result<void> set_args(wasi_config_t& config, const std::vector<std::string>& args) {
  std::vector<const char*> pointers;
  for (const std::string& arg : args) {
    if (has_nul(arg)) return invalid_argument("an argument of the guest contains a zero byte");
    pointers.push_back(arg.c_str());
  }
  if (wasi_config_set_argv(&config, pointers.size(), pointers.data())) return {};
  return invalid_argument("the guest's arguments must be UTF-8");
}

Result<void> set_env(wasi_config_t& config, const std::vector<std::pair<std::string, std::string>>& env) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : env) {
    if (name.empty() || name.contains('=') || has_nul(name) || has_nul(value)) {
      return invalid_argument(fmt::format("'{}' cannot be an environment variable", name));
    }
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  if (wasi_config_set_env(&config, names.size(), names.data(), values.data())) return {};
  return invalid_argument("the guest's environment must be UTF-8");
}

Result<void> preopen(wasi_config_t& config, const Preopen& folder) {
  const std::string path = folder.host_path.string();
  const auto cannot = [&](std::string_view why) {
    return error(ErrorKind::not_found, fmt::format("cannot open folder '{}' for the guest: {}", path, why));
  };
  // The C API says only that it failed.
  std::error_code ec;
  const auto status = std::filesystem::status(folder.host_path, ec);
  if (!std::filesystem::exists(status)) return cannot("no such folder");
  if (!std::filesystem::is_directory(status)) return cannot("it is not a folder");
  if (access(path.c_str(), R_OK | X_OK) != 0) return cannot(std::generic_category().message(errno));
  if (!wasi_config_preopen_dir(&config, path.c_str(), folder.guest_path.c_str(), true)) {
    return cannot("WASI refused it (paths must be UTF-8)");
  }
  return {};
}

using Sink = std::function<void(std::string_view)>;

std::ptrdiff_t give(void* sink, const unsigned char* bytes, std::size_t size) noexcept {
  try {
    (*static_cast<const Sink*>(sink))({reinterpret_cast<const char*>(bytes), size});
    return static_cast<std::ptrdiff_t>(size);
  } catch (...) {
    return -ENOSPC;
  }
}

void delete_sink(void* sink) { delete static_cast<const Sink*>(sink); }

void set_stdio(wasi_config_t& config, const InstanceOptions& options) {
  wasm_byte_vec_t input;
  wasm_byte_vec_new(&input, options.standard_input.size(), options.standard_input.data());
  wasi_config_set_stdin_bytes(&config, &input);
  if (options.standard_output) {
    wasi_config_set_stdout_custom(&config, &give, new Sink(options.standard_output), &delete_sink);
  }
  if (options.standard_error) {
    wasi_config_set_stderr_custom(&config, &give, new Sink(options.standard_error), &delete_sink);
  }
}

}  // namespace

Result<WasiConfigPtr> make_wasi_config(const InstanceOptions& options) {
  WasiConfigPtr config(wasi_config_new());
  if (auto set = set_args(*config, options.args); !set) return std::unexpected(std::move(set.error()));
  if (auto set = set_env(*config, options.env); !set) return std::unexpected(std::move(set.error()));
  for (const Preopen& folder : options.preopens) {
    if (auto opened = preopen(*config, folder); !opened) return std::unexpected(std::move(opened.error()));
  }
  if (options.inherit_stdio) {
    wasi_config_inherit_stdin(config.get());
    wasi_config_inherit_stdout(config.get());
    wasi_config_inherit_stderr(config.get());
  } else {
    set_stdio(*config, options);
  }
  return config;
}

}  // namespace gpu_host
