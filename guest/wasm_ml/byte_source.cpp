#include "byte_source.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "text.hpp"

namespace wasm_ml {
namespace {

std::unexpected<Error> read_failed(const std::string& path, int error) {
  return fail(format("cannot read %s: %s", quoted(path).c_str(), reason(error).c_str()));
}

}  // namespace

std::string reason(int error) {
  std::string text = std::strerror(error);
#if defined(ENOTCAPABLE)
  if (error == ENOTCAPABLE) text += " (the module may not use that folder: name it to the host with -d or --dir)";
#endif
  return text;
}

Result<ByteSource> ByteSource::open(const std::string& path) {
  ByteSource source;
  source.name_ = path;
  source.file_.reset(std::fopen(path.c_str(), "rb"));
  if (!source.file_) return fail(format("cannot open %s: %s", quoted(path).c_str(), reason(errno).c_str()));
  struct stat status{};
  if (fstat(fileno(source.file_.get()), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return fail(format("cannot read %s: it is a folder", quoted(path).c_str()));
    if (S_ISREG(status.st_mode)) source.size_ = static_cast<std::uint64_t>(status.st_size);
  }
  return source;
}

ByteSource ByteSource::of_bytes(std::string name, std::string bytes) {
  const std::uint64_t size = bytes.size();
  return of_reader(std::move(name), size, [held = std::move(bytes)](std::uint64_t position, std::span<char> into) {
    held.copy(into.data(), into.size(), static_cast<std::size_t>(position));
    return Result<void>();
  });
}

ByteSource ByteSource::of_reader(std::string name, std::uint64_t size, ReadAt read_at) {
  ByteSource source;
  source.name_ = std::move(name);
  source.size_ = size;
  source.read_at_ = std::move(read_at);
  return source;
}

Result<std::size_t> ByteSource::read(std::span<char> into) {
  if (!file_) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - position_));
    if (auto done = read_at_(position_, into.first(count)); !done) return std::unexpected(std::move(done.error()));
    position_ += count;
    return count;
  }
  // No more at a time, as hosts refuse to fill far more in one call.
  constexpr std::size_t kMost = std::size_t{1} << 22U;
  std::size_t count = 0;
  while (count < into.size()) {
    const std::size_t wanted = std::min(kMost, into.size() - count);
    const std::size_t got = std::fread(into.data() + count, 1, wanted, file_.get());
    count += got;
    if (got == wanted) continue;
    if (std::ferror(file_.get()) != 0) return read_failed(name_, errno);
    break;
  }
  return count;
}

Result<std::string> ByteSource::read_text(std::uint64_t most) {
  constexpr std::size_t kBlock = std::size_t{1} << 20U;
  std::string bytes;
  while (bytes.size() < most) {
    const std::size_t had = bytes.size();
    bytes.resize(had + static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, most - had)));
    const auto count = read(std::span(bytes).subspan(had));
    if (!count) return std::unexpected(count.error());
    bytes.resize(had + *count);
    if (*count == 0) break;
  }
  return bytes;
}

Result<void> ByteSource::rewind() {
  position_ = 0;
  if (file_ && std::fseek(file_.get(), 0, SEEK_SET) != 0) return read_failed(name_, errno);
  return {};
}

}  // namespace wasm_ml
