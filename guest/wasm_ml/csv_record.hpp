// Splits CSV text into records and fields.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace wasm_ml {

class CsvRecordReader {
 public:
  // Begins at `position` in `text`, which is in line `line`.
  CsvRecordReader(std::string_view text, std::size_t position, std::size_t line)
      : text_(text), position_(position), line_(line) {}

  enum class Outcome { record, end, unclosed_quote, text_after_quote };

  // The next record into fields(). After an outcome that is an error, the
  // culprit is the last of fields().
  [[nodiscard]] Outcome next();

  [[nodiscard]] const std::vector<std::string>& fields() const { return fields_; }
  [[nodiscard]] std::size_t record_line() const { return record_line_; }  // where the record began
  [[nodiscard]] bool record_is_empty_line() const { return fields_.size() == 1 && fields_[0].empty() && !quoted_; }
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] std::size_t line() const { return line_; }

 private:
  [[nodiscard]] bool at_line_end() const;
  [[nodiscard]] Outcome next_field(std::string& field);

  std::string_view text_;
  std::size_t position_;
  std::size_t line_;
  std::size_t record_line_ = 0;
  bool quoted_ = false;  // whether the last field had quotes
  std::vector<std::string> fields_;
};

}  // namespace wasm_ml
