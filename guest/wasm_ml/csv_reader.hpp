// Splits CSV text into lines and fields, a block of the text in memory at a time.
//
// Commas, RFC 4180 quotes, LF or CRLF, an optional UTF-8 byte order mark. A
// line may go on inside quotes. Errors name file, line and column, counted
// from 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "byte_source.hpp"
#include "error.hpp"
#include "number.hpp"

namespace wasm_ml {

struct CsvField {
  std::string_view text;  // without quotes; until the next call of the reader
  bool quoted = false;
};

class CsvReader {
 public:
  static constexpr std::size_t kBlockBytes = std::size_t{1} << 20U;

  explicit CsvReader(ByteSource source, std::size_t block_bytes = kBlockBytes);

  enum class Line : std::uint8_t { fields, blank, end };

  // Begins the next line; one that is blank has no fields.
  [[nodiscard]] Result<Line> next_line();

  // Whether the line that was begun has more fields.
  [[nodiscard]] bool has_field() const { return has_field_; }

  [[nodiscard]] Result<CsvField> field();

  // Takes the next field where it is a plain number and at hand, and passes over
  // it; false: it is there still, for field().
  [[nodiscard]] bool number(float& value) {
    const char* end = scan_number(position_, value);
    if (end == nullptr) return false;
    if (*end == ',') {
      position_ = end + 1;
    } else if (*end == '\n' || (*end == '\r' && end[1] == '\n')) {
      position_ = end + (*end == '\n' ? 1 : 2);
      ++line_;
      has_field_ = false;
    } else {
      return false;
    }
    ++column_;
    return true;
  }

  // Of the field that was taken last.
  [[nodiscard]] std::size_t column() const { return column_; }
  [[nodiscard]] std::size_t line() const { return first_line_; }  // where the line began
  [[nodiscard]] std::string place() const { return place(column_); }
  [[nodiscard]] std::string place(std::size_t column) const { return place(first_line_, column); }
  [[nodiscard]] std::string place(std::size_t line, std::size_t column) const;

  // Bytes that have been passed over, of those of the source.
  [[nodiscard]] std::uint64_t offset() const { return end_offset_ - available(); }
  [[nodiscard]] const ByteSource& source() const { return source_; }

  // Back to the first line.
  [[nodiscard]] Result<void> rewind();

 private:
  // What ends a field: a comma, a line's end, or (of no length) the end of the text.
  struct Ending {
    bool ends = false;
    bool comma = false;
    std::size_t length = 0;
  };

  [[nodiscard]] std::size_t available() const { return static_cast<std::size_t>(end_ - position_); }
  [[nodiscard]] Result<bool> more();
  [[nodiscard]] Result<bool> has_bytes(std::size_t count);
  [[nodiscard]] Result<Ending> ending_at(std::size_t at);
  void pass(std::size_t at, const Ending& ending);
  [[nodiscard]] Result<CsvField> plain_field();
  [[nodiscard]] Result<CsvField> quoted_field();

  ByteSource source_;
  std::size_t block_bytes_;
  std::vector<char> buffer_;
  const char* position_;  // in buffer_
  const char* end_;       // of what was read into it; zeros follow
  std::uint64_t end_offset_ = 0;
  bool at_start_ = true;
  bool at_end_ = false;  // of the source
  bool has_field_ = false;
  std::size_t line_ = 1;
  std::size_t first_line_ = 1;
  std::size_t column_ = 0;
  std::string unquoted_;  // a field that had doubled quotes
};

}  // namespace wasm_ml
