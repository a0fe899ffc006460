// Tables of numbers in CSV files: a header line, commas, RFC 4180 quotes, LF or
// CRLF, an optional UTF-8 byte order mark. Every error names file, line and
// column (counted from 1).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "error.hpp"

namespace wasm_ml {

class CsvFile {
 public:
  // `name` is what errors call the file. Checks the header.
  [[nodiscard]] static Result<CsvFile> parse(std::string name, std::string text);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<std::string>& header() const { return header_; }
  [[nodiscard]] std::optional<std::size_t> find_column(std::string_view column) const;

  // The numbers in these columns (positions in the header), row after row. Other
  // columns may hold anything. There is at least one row.
  [[nodiscard]] Result<std::vector<float>> numbers(std::span<const std::size_t> columns) const;

 private:
  CsvFile() = default;

  std::string name_;
  std::string text_;
  std::vector<std::string> header_;
  std::size_t data_begin_ = 0;  // where the first data line begins in text_
  std::size_t data_line_ = 0;   // and its number
};

}  // namespace wasm_ml
