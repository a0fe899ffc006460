#include "files.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <utility>

#include "byte_source.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

// A name beside `path` that no file has, and the file, new and empty.
File create_beside(const std::string& path, std::string& name) {
  constexpr int kMaxAttempts = 100;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    name = path + format(".tmp%d", attempt);
    File file(std::fopen(name.c_str(), "wbx"));
    if (file || errno != EEXIST) return file;
  }
  return nullptr;
}

std::unexpected<Error> write_failed(const std::string& path, int error) {
  return fail(format("cannot write %s: %s", quoted(path).c_str(), reason(error).c_str()));
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  auto source = ByteSource::open(path);
  if (!source) return std::unexpected(std::move(source.error()));
  return source->read_text(std::numeric_limits<std::uint64_t>::max());
}

Result<void> check_writable(const std::string& path) {
  std::string temporary;
  if (!create_beside(path, temporary)) return write_failed(path, errno);
  std::remove(temporary.c_str());
  return {};
}

Result<void> write_file(const std::string& path, std::string_view bytes) {
  std::string temporary;
  File file = create_beside(path, temporary);
  if (!file) return write_failed(path, errno);
  // A host may refuse to write very much at a time.
  constexpr std::size_t kBlock = std::size_t{1} << 20U;
  bool written = true;
  while (written && !bytes.empty()) {
    const std::string_view block = bytes.substr(0, kBlock);
    written = std::fwrite(block.data(), 1, block.size(), file.get()) == block.size();
    bytes.remove_prefix(block.size());
  }
  int error = written ? 0 : errno;
  if (std::fclose(file.release()) != 0 && error == 0) error = errno;
  if (error == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return {};
  std::remove(temporary.c_str());
  return write_failed(path, error);
}

Result<void> check_distinct(const std::string& input, const std::string& output) {
  struct stat in{};
  struct stat out{};
  const bool same = stat(input.c_str(), &in) == 0 && stat(output.c_str(), &out) == 0 && in.st_dev == out.st_dev &&
                    in.st_ino == out.st_ino;
  if (same || input == output) return fail("the output " + quoted(output) + " is the input " + quoted(input));
  return {};
}

}  // namespace wasm_ml
