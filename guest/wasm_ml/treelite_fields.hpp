// The fields of a Treelite file, of unknown origin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "byte_reader.hpp"
#include "error.hpp"

namespace wasm_ml::treelite {

// For %llu.
[[nodiscard]] inline unsigned long long wide(std::uint64_t value) { return value; }

// An array in the file, read in place.
template <class T>
class FileArray {
 public:
  FileArray() = default;
  FileArray(std::string_view bytes, std::uint64_t offset) : bytes_(bytes), offset_(offset) {}

  [[nodiscard]] std::size_t size() const { return bytes_.size() / sizeof(T); }
  [[nodiscard]] T operator[](std::size_t i) const {
    T value;
    std::memcpy(&value, bytes_.data() + i * sizeof(T), sizeof(T));
    return value;
  }
  // In the file.
  [[nodiscard]] std::uint64_t offset_of(std::size_t i) const { return offset_ + i * sizeof(T); }

 private:
  std::string_view bytes_;
  std::uint64_t offset_ = 0;
};

// Of f32 or f64.
class FileNumbers {
 public:
  FileNumbers() = default;
  explicit FileNumbers(FileArray<float> floats) : floats_(floats) {}
  explicit FileNumbers(FileArray<double> doubles) : doubles_(doubles), is_double_(true) {}

  [[nodiscard]] std::size_t size() const { return is_double_ ? doubles_.size() : floats_.size(); }
  [[nodiscard]] double operator[](std::size_t i) const {
    return is_double_ ? doubles_[i] : static_cast<double>(floats_[i]);
  }
  [[nodiscard]] std::uint64_t offset_of(std::size_t i) const {
    return is_double_ ? doubles_.offset_of(i) : floats_.offset_of(i);
  }

 private:
  FileArray<float> floats_;
  FileArray<double> doubles_;
  bool is_double_ = false;
};

// How many elements an array must have.
struct Length {
  std::optional<std::uint64_t> count = {};  // none: any number
  bool or_none = false;                     // 0 will do as well
};

// Reads fields in their order. Keeps the first error; after it fields are 0 or empty.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : bytes_(bytes), reader_(bytes) {}

  [[nodiscard]] std::uint64_t offset() const { return bytes_.size() - reader_.remaining(); }
  [[nodiscard]] bool at_end() const { return reader_.remaining() == 0; }
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] Error take_error() { return std::move(*error_); }

  // Where errors are from now on.
  void enter_tree(std::uint64_t tree) {
    tree_ = tree;
    node_.reset();
  }
  void enter_node(std::uint32_t node) { node_ = node; }
  void leave_node() { node_.reset(); }
  // As printf; `offset`: of the wrong byte.
  [[gnu::format(printf, 3, 4)]] void fail(std::uint64_t offset, const char* pattern, ...);

  template <class T>
  [[nodiscard]] T scalar(const char* field) {
    T value{};
    if (!failed() && !reader_.read(value)) fail_truncated(field);
    return failed() ? T{} : value;
  }
  // 0 or 1.
  [[nodiscard]] bool flag(const char* field);
  // At least 1.
  [[nodiscard]] std::uint32_t positive(const char* field);

  template <class T>
  [[nodiscard]] FileArray<T> array(const char* field, Length length) {
    const std::string_view elements = array_bytes(field, sizeof(T), length);
    return FileArray<T>(elements, offset() - elements.size());
  }
  [[nodiscard]] FileNumbers numbers(const char* field, Length length, bool is_double) {
    return is_double ? FileNumbers(array<double>(field, length)) : FileNumbers(array<float>(field, length));
  }
  [[nodiscard]] std::string_view text(const char* field) { return array_bytes(field, 1, {}); }

  // What later versions may add, for earlier ones to ignore.
  void skip_optional_fields(const char* field);

 private:
  [[nodiscard]] std::string_view array_bytes(const char* field, std::size_t element_size, Length length);
  std::string_view take(std::size_t n_bytes);
  void fail_truncated(const char* field);

  std::string_view bytes_;
  ByteReader reader_;  // of the rest
  std::optional<std::uint64_t> tree_;
  std::optional<std::uint32_t> node_;
  std::optional<Error> error_;
};

}  // namespace wasm_ml::treelite
