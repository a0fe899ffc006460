// Where the log goes and how much of it: standard error, by --log, -v or RUST_LOG.
#pragma once

#include <spdlog/common.h>

#include <optional>
#include <string>
#include <string_view>

namespace gpu_host::cli {

struct LoggingOptions {
  std::string level;  // --log; empty: not given
  int verbosity = 0;  // how often -v
};

// off, error, warn, info, debug, trace, in any case; nothing for other words.
[[nodiscard]] std::optional<spdlog::level::level_enum> parse_level(std::string_view word);

// What RUST_LOG means for this program: a level, or `wasmtime_gpu_host=level` in a
// list; the last one counts. Nothing where no directive is for this program.
[[nodiscard]] std::optional<spdlog::level::level_enum> parse_rust_log(std::string_view directives);

// --log goes before -v (info, then debug, then trace), -v before RUST_LOG; else warn.
void configure_logging(const LoggingOptions& options);

}  // namespace gpu_host::cli
