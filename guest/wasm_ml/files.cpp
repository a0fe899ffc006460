#include "files.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "text.hpp"

namespace wasm_ml {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

std::string reason(int error) {
  std::string text = std::strerror(error);
#if defined(ENOTCAPABLE)
  if (error == ENOTCAPABLE) text += " (the module may not use that folder: name it to the host with -d or --dir)";
#endif
  return text;
}

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

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) return fail(format("cannot open %s: %s", quoted(path).c_str(), reason(errno).c_str()));
  std::string bytes;
  struct stat status{};
  if (fstat(fileno(file.get()), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return fail(format("cannot read %s: it is a folder", quoted(path).c_str()));
    if (status.st_size > 0) bytes.reserve(static_cast<std::size_t>(status.st_size));
  }
  char block[1 << 15];
  while (const std::size_t count = std::fread(block, 1, sizeof(block), file.get())) bytes.append(block, count);
  if (std::ferror(file.get()) != 0) {
    return fail(format("cannot read %s: %s", quoted(path).c_str(), reason(errno).c_str()));
  }
  return bytes;
}

Result<void> write_file(const std::string& path, std::string_view bytes) {
  std::string temporary;
  File file = create_beside(path, temporary);
  const auto failed = [&](int error) {
    return fail(format("cannot write %s: %s", quoted(path).c_str(), reason(error).c_str()));
  };
  if (!file) return failed(errno);
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size();
  int error = written ? 0 : errno;
  if (std::fclose(file.release()) != 0 && error == 0) error = errno;
  if (error == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return {};
  std::remove(temporary.c_str());
  return failed(error);
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
