// Reads plain values from bytes of unknown origin: never past their end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace wasm_ml {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] std::size_t remaining() const { return bytes_.size() - position_; }

  template <class T>
    requires std::is_trivially_copyable_v<T>
  [[nodiscard]] bool read(T& value) {
    if (remaining() < sizeof(T)) return false;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return true;
  }

  // Allocates only what the bytes can fill.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  [[nodiscard]] bool read_array(std::vector<T>& values, std::uint64_t count) {
    if (count > remaining() / sizeof(T)) return false;
    values.resize(static_cast<std::size_t>(count));
    std::memcpy(values.data(), bytes_.data() + position_, values.size() * sizeof(T));
    position_ += values.size() * sizeof(T);
    return true;
  }

  // A text after its length.
  [[nodiscard]] bool read_text(std::string& text) {
    std::uint32_t length = 0;
    if (!read(length) || length > remaining()) return false;
    text.assign(bytes_.substr(position_, length));
    position_ += length;
    return true;
  }

  // Goes on to a multiple of `alignment`; the bytes passed must be zeros.
  [[nodiscard]] bool align(std::size_t alignment) {
    while (position_ % alignment != 0) {
      char byte = 0;
      if (!read(byte) || byte != 0) return false;
    }
    return true;
  }

 private:
  std::string_view bytes_;
  std::size_t position_ = 0;
};

}  // namespace wasm_ml
