#include "backend/cuda/libraries.hpp"

#include <dlfcn.h>
#include <glob.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "util/log.hpp"

namespace gpu_host::cuda {
namespace {

constexpr const char* kVariable = "WASMTIME_GPU_HOST_CUDA_PATH";

// As a pattern that matches this path only.
std::string escaped(std::string_view path) {
  std::string pattern;
  for (const char letter : path) {
    if (std::string_view("*?[\\").contains(letter)) pattern += '\\';
    pattern += letter;
  }
  return pattern;
}

// Of the folder that an environment variable names, and of what lies below it.
void add_named(std::vector<std::string>& patterns, const char* variable, std::string_view below) {
  const char* const folder = std::getenv(variable);
  if (folder != nullptr && *folder != '\0') patterns.push_back(escaped(folder).append(below));
}

// Of folders, the first to look at first; an empty one stands for the loader's path.
std::vector<std::string> patterns_of_places(std::string_view package) {
  std::vector<std::string> patterns;
  add_named(patterns, kVariable, "");
  patterns.insert(patterns.end(), {"", "/usr/local/cuda/lib64", "/usr/local/cuda/targets/*/lib"});
  if (package.empty()) return patterns;

  std::vector<std::string> prefixes;
  add_named(prefixes, "VIRTUAL_ENV", "");
  add_named(prefixes, "CONDA_PREFIX", "");
  add_named(prefixes, "HOME", "/.local");
  prefixes.insert(prefixes.end(), {"/usr/local", "/usr"});
  add_named(patterns, "CONDA_PREFIX", "/lib");
  for (const std::string& prefix : prefixes) {
    const std::string packages = prefix + "/lib/python3*/*-packages/nvidia/";
    patterns.push_back(packages + escaped(package) + "/lib");
    patterns.push_back(packages + "cu[0-9]*/lib");  // CUDA 13 and later: all in one folder
  }
  return patterns;
}

std::vector<std::string> folders_like(const std::string& pattern) {
  if (pattern.empty()) return {""};
  glob_t found{};
  std::vector<std::string> folders;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    folders.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return folders;
}

// Null where there is none. `reason` is set where there is one that cannot be opened.
void* open_in(const std::string& folder, const std::string& name, std::string& reason) {
  const std::string path = folder.empty() ? name : folder + "/" + name;
  std::error_code ignored;
  if (!folder.empty() && !std::filesystem::exists(path, ignored)) return nullptr;
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library != nullptr) {
    logger().debug("cuda: opened {}", path);
    return library;
  }
  const char* const words = dlerror();
  const std::string why = words == nullptr ? path : words;
  // What the loader misses it calls by its name, what it does not like by its path.
  if (folder.empty() && why.starts_with(name + ":")) return nullptr;
  logger().debug("cuda: {} cannot be opened: {}", path, why);
  if (reason.empty()) reason = why;
  return nullptr;
}

}  // namespace

Result<void*> open_library(const std::vector<const char*>& names, std::string_view package) {
  std::string reason;
  for (const std::string& pattern : patterns_of_places(package)) {
    for (const std::string& folder : folders_like(pattern)) {
      for (const char* const name : names) {
        if (void* const library = open_in(folder, name, reason); library != nullptr) return library;
      }
    }
  }
  std::string message;
  for (const char* const name : names) message += (message.empty() ? "" : " or ") + std::string(name);
  if (!reason.empty()) return error(ErrorKind::device, message + " cannot be opened: " + reason);
  message += std::string(" was not found in the folder ") + kVariable + ", the loader's path, /usr/local/cuda";
  if (!package.empty()) message += " or Python's packages (nvidia/" + std::string(package) + "/lib)";
  return error(ErrorKind::device, message);
}

}  // namespace gpu_host::cuda
