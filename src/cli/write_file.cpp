#include "cli/write_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <random>
#include <string>
#include <system_error>

namespace gpu_host::cli {
namespace {

// An errno; 0 if all is written.
int write_to(const std::filesystem::path& path, const char* mode, std::span<const std::byte> content) {
  std::FILE* const file = std::fopen(path.c_str(), mode);
  if (file == nullptr) return errno;
  errno = 0;
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  int failed = written ? 0 : errno;
  if (std::fclose(file) != 0 && written) failed = errno;
  return failed;
}

}  // namespace

Result<void> write_file(const std::filesystem::path& path, std::span<const std::byte> content) {
  const auto cannot = [&](const std::string& why) {
    return error(ErrorKind::internal, fmt::format("cannot write '{}': {}", path.string(), why));
  };
  std::error_code ec;
  const auto status = std::filesystem::status(path, ec);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    if (const int failed = write_to(path, "wb", content)) return cannot(std::generic_category().message(failed));
    return {};
  }
  std::filesystem::path target = path;
  if (std::filesystem::exists(status)) target = std::filesystem::canonical(path, ec);  // a link stays
  if (ec && std::filesystem::exists(status)) return cannot(ec.message());
  // A short name, because the target's own may be as long as names can be.
  std::filesystem::path beside;
  int failed = EEXIST;
  for (std::random_device random; failed == EEXIST;) {
    beside = target.parent_path() / fmt::format(".wgh-{:08x}", random());
    failed = write_to(beside, "wbx", content);
  }
  if (failed != 0) {
    std::filesystem::remove(beside, ec);
    return cannot(std::generic_category().message(failed));
  }
  ec.clear();
  if (std::filesystem::exists(status)) {
    std::filesystem::permissions(beside, status.permissions() & std::filesystem::perms::all, ec);
  }
  if (!ec) std::filesystem::rename(beside, target, ec);
  if (!ec) return {};
  const std::string why = ec.message();
  std::filesystem::remove(beside, ec);
  return cannot(why);
}

}  // namespace gpu_host::cli
