// What tables and models are read from, from front to back: a file, bytes in memory, or what a function reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "error.hpp"

namespace wasm_ml {

// What an errno of a file means to people.
[[nodiscard]] std::string reason(int error);

class ByteSource {
 public:
  [[nodiscard]] static Result<ByteSource> open(const std::string& path);

  // `name` is what errors call it.
  [[nodiscard]] static ByteSource of_bytes(std::string name, std::string bytes);

  // read_at(position, into) fills all of `into`, which lies within `size` bytes.
  using ReadAt = std::function<Result<void>(std::uint64_t position, std::span<char> into)>;
  [[nodiscard]] static ByteSource of_reader(std::string name, std::uint64_t size, ReadAt read_at);

  [[nodiscard]] const std::string& name() const { return name_; }

  // In bytes; 0 where it has none, as a pipe.
  [[nodiscard]] std::uint64_t size() const { return size_; }

  // The next bytes, as many as there are and fit; 0: the end.
  [[nodiscard]] Result<std::size_t> read(std::span<char> into);

  // The next bytes as a text: `most` of them, or as many as there are.
  [[nodiscard]] Result<std::string> read_text(std::uint64_t most);

  // Back to the front.
  [[nodiscard]] Result<void> rewind();

 private:
  struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  ByteSource() = default;

  std::string name_;
  std::uint64_t size_ = 0;
  std::unique_ptr<std::FILE, FileCloser> file_;  // none: read_at_
  ReadAt read_at_;
  std::uint64_t position_ = 0;  // for read_at_
};

}  // namespace wasm_ml
