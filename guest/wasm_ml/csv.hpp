// Tables in CSV files: a header line with a name for each column, then a line
// for each row. Blank lines may follow at the end. Every error names file,
// line and column (counted from 1), and those of values the column's name.
//
// A value is missing where its field is blank, in quotes or not, or is without
// quotes what names_missing (number.hpp) says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "byte_source.hpp"
#include "categories.hpp"
#include "csv_reader.hpp"
#include "error.hpp"

namespace wasm_ml {

// What to read from a column, and what was found there.
struct CsvColumn {
  // The values of texts are their numbers in `texts`. A column that is undecided becomes one of texts, all its fields,
  // where one is neither missing nor a number; else one of numbers.
  enum class Kind : std::uint8_t { ignored, numbers, texts, undecided };

  Kind kind = Kind::ignored;
  std::size_t place = 0;     // of its values in a row of CsvRows
  bool required = false;     // a missing value is an error, else NaN
  bool may_mix = true;       // of an undecided one: whether texts may come after numbers
  bool keeps_error = false;  // what is wrong with a value ends the column, not the reading
  bool is_complete = false;  // texts that `texts` does not have are missing values, else they are added
  std::size_t max_texts = 65536;
  const char* texts_are = "categories";
  Categories texts = {};
  std::string error = {};  // of the first value that is wrong
  std::size_t error_line = 0;
};

struct CsvRows {
  std::size_t n_rows = 0;
  std::size_t n_features = 0;
  std::vector<float> features = {};  // n_rows × n_features, row-major: of the columns with places below n_features
  std::vector<float> targets = {};   // n_rows: of the column with place n_features
};

class CsvFile {
 public:
  // Reads and checks the header.
  [[nodiscard]] static Result<CsvFile> open(ByteSource source, std::size_t block_bytes = CsvReader::kBlockBytes);

  [[nodiscard]] const std::string& name() const { return reader_.source().name(); }
  [[nodiscard]] const std::vector<std::string>& header() const { return header_.texts(); }
  [[nodiscard]] std::optional<std::size_t> find_column(std::string_view column) const { return header_.find(column); }

  // All rows, once. `columns`: one for each of the header. There is at least one row.
  [[nodiscard]] Result<CsvRows> read(std::vector<CsvColumn>& columns, std::size_t n_features);

 private:
  explicit CsvFile(CsvReader reader) : reader_(std::move(reader)) {}

  CsvReader reader_;
  Categories header_;
};

}  // namespace wasm_ml
