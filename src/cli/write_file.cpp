#include "cli/write_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
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
  const std::filesystem::path beside = fmt::format("{}.{}.tmp", target.string(), getpid());
  if (const int failed = write_to(beside, "wbx", content)) {
    if (failed != EEXIST) std::filesystem::remove(beside, ec);
    return cannot(std::generic_category().message(failed));
  }
  std::filesystem::rename(beside, target, ec);
  if (!ec) return {};
  const std::string why = ec.message();
  std::filesystem::remove(beside, ec);
  return cannot(why);
}

}  // namespace gpu_host::cli
