#include "backend/webgpu/wgpu_api.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <vector>

#include "util/log.hpp"

namespace gpu_host::webgpu {
namespace {

constexpr const char* kVariable = "WGPU_NATIVE_LIBRARY";
// The C API's structures change with it.
constexpr std::uint32_t kMajorVersion = 29;

std::vector<std::string> places() {
  const char* const named = std::getenv(kVariable);
  if (named != nullptr && *named != '\0') return {named};
  return {"libwgpu_native.so", WGH_WGPU_NATIVE_BUILT_WITH};
}

std::string version_text(std::uint32_t version) {
  const auto part = [version](unsigned shift) { return std::to_string(version >> shift & 0xffU); };
  return part(24) + "." + part(16) + "." + part(8) + "." + part(0);
}

void log_message(WGPULogLevel level, WGPUStringView message, void* /*userdata*/) noexcept {
  const auto to = level == WGPULogLevel_Error ? spdlog::level::warn : spdlog::level::debug;
  try {
    logger().log(to, "wgpu: {}", text(message));
  } catch (const std::bad_alloc&) {
    return;  // the message is lost
  }
}

Result<WgpuApi> open_library() {
  void* library = nullptr;
  std::string reason;
  for (const std::string& place : places()) {
    library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) break;
    const char* const why = dlerror();
    reason = why == nullptr ? place : why;
  }
  if (library == nullptr) {
    return error(ErrorKind::device, "libwgpu_native.so cannot be opened: " + reason + "; install wgpu-native " +
                                        std::to_string(kMajorVersion) +
                                        ", or name its library in the environment variable " + kVariable);
  }
  WgpuApi api;
  std::string missing;
#define WGH_WGPU_LOOK_UP(name)                                                   \
  api.name = reinterpret_cast<decltype(api.name)>(dlsym(library, "wgpu" #name)); \
  if (api.name == nullptr && missing.empty()) missing = "wgpu" #name;
  WGH_WGPU_FUNCTIONS(WGH_WGPU_LOOK_UP)
#undef WGH_WGPU_LOOK_UP
  const std::uint32_t version = api.GetVersion == nullptr ? 0 : api.GetVersion();
  if (version >> 24U != kMajorVersion) {
    return error(ErrorKind::device, "libwgpu_native.so is version " + version_text(version) + ", this build needs " +
                                        std::to_string(kMajorVersion));
  }
  if (!missing.empty()) return error(ErrorKind::device, "libwgpu_native.so has no function " + missing);
  api.SetLogCallback(log_message, nullptr);
  api.SetLogLevel(WGPULogLevel_Warn);
  return api;
}

}  // namespace

const Result<WgpuApi>& open_wgpu() {
  // Left open at exit: drivers have threads that may still be in it.
  static const auto* const api = new Result<WgpuApi>(open_library());
  return *api;
}

const WgpuApi& wgpu() { return *open_wgpu(); }

std::string text(WGPUStringView view) {
  if (view.data == nullptr) return {};
  return view.length == WGPU_STRLEN ? std::string(view.data) : std::string(view.data, view.length);
}

}  // namespace gpu_host::webgpu
