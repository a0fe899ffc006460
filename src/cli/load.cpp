#include "cli/load.hpp"

#include <cstdio>
#include <span>
#include <utility>
#include <vector>

#include "util/log.hpp"

namespace gpu_host::cli {
namespace {

// Goes on without a cache where there can be none and none is required.
Result<Host> make_host(const EngineSettings& engine) {
  auto host = Host::create(engine.options);
  if (host || !engine.options.cache || engine.cache_required) return host;
  HostOptions without = engine.options;
  without.cache = false;
  auto uncached = Host::create(without);
  if (uncached) logger().warn("{}; -C cache=n goes without", host.error().message);
  return uncached;
}

Result<Module> load(const Host& host, const std::string& path) {
  if (path != "-") return host.load_file(path);
  std::vector<char> code;
  char block[65536];
  while (const std::size_t count = std::fread(block, 1, sizeof block, stdin))
    code.insert(code.end(), block, block + count);
  if (std::ferror(stdin) != 0) return error(ErrorKind::not_found, "cannot read the module from standard input");
  return host.load(std::as_bytes(std::span(code)), "standard input");
}

}  // namespace

Result<Module> load(const EngineSettings& engine, const std::string& path) {
  const auto host = make_host(engine);
  if (!host) return std::unexpected(host.error());
  auto module = load(*host, path);
  if (module) logger().debug("loaded {}{}", module->name(), module->imports_gpu() ? ", which imports wasi:gpu" : "");
  return module;
}

}  // namespace gpu_host::cli
