#include "csv.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "number.hpp"
#include "table_error.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

using Kind = CsvColumn::Kind;
using Line = CsvReader::Line;

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

// A number is no name, unless it is its column's, from 0: columns without names of their own are written so.
Result<void> check_name(const std::string& place, std::size_t column, std::string_view name) {
  if (name == std::to_string(column - 1)) return {};
  const NumberProblem problem = parse_number(name).problem;
  if (problem == NumberProblem::none || problem == NumberProblem::too_large) {
    return fail_at(place, "no header: this is the number %s", std::string(name).c_str());
  }
  if (problem == NumberProblem::blank) return fail_at(place, "the header has no name for this column");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(name, is_control)) {
    return fail_at(place, "control characters in the column name %s: is this a CSV file?", quoted(name).c_str());
  }
  return {};
}

Result<Categories> read_header(CsvReader& reader) {
  const auto line = reader.next_line();
  if (!line) return std::unexpected(line.error());
  if (*line == Line::end) return fail_at(reader.source().name(), "the file is empty");
  if (*line == Line::blank) return fail_at(reader.place(1), "no header: the line is blank");
  Categories names;
  while (reader.has_field()) {
    const auto field = reader.field();
    if (!field) return std::unexpected(field.error());
    if (auto checked = check_name(reader.place(), reader.column(), field->text); !checked)
      return std::unexpected(checked.error());
    const std::size_t number = names.add(field->text);
    if (number + 1 != reader.column()) {
      return fail_at(reader.place(), "the name %s is taken by column %zu", quoted(field->text).c_str(), number + 1);
    }
  }
  return names;
}

// Reads rows as columns say.
class RowReader {
 public:
  RowReader(CsvReader& reader, const Categories& header, std::vector<CsvColumn>& columns, std::size_t n_features)
      : reader_(reader), header_(header), columns_(columns), row_(n_features + 1), rows_{.n_features = n_features} {}

  // To the end of the text.
  Result<void> read();

  // Whether a column became one of texts after it had had numbers: all is to be read again.
  [[nodiscard]] bool is_stale() const { return is_stale_; }

  [[nodiscard]] CsvRows take() && { return std::move(rows_); }

 private:
  [[nodiscard]] Result<void> read_row();
  [[nodiscard]] Result<void> read_value(CsvColumn& column);
  [[nodiscard]] Result<float> value(CsvColumn& column, const CsvField& field);
  [[nodiscard]] Result<float> number_value(CsvColumn& column, const CsvField& field);
  [[nodiscard]] Result<float> text_value(CsvColumn& column, const CsvField& field);
  [[nodiscard]] Result<float> missing_value(const CsvColumn& column, std::string_view text) const;
  [[nodiscard]] std::unexpected<Error> wrong_value(const std::string& what) const;
  [[nodiscard]] bool had_numbers(const CsvColumn& column) const;
  [[nodiscard]] Result<void> wrong_count();
  void expect_rows();

  CsvReader& reader_;
  const Categories& header_;
  std::vector<CsvColumn>& columns_;
  std::vector<float> row_;  // of each place
  CsvRows rows_;
  bool is_stale_ = false;
};

Result<void> RowReader::read() {
  constexpr std::size_t kRowsToGuessBy = 1000;
  const bool has_target = std::ranges::any_of(columns_, [&](const CsvColumn& column) {
    return column.kind != Kind::ignored && column.place == rows_.n_features;
  });
  std::size_t blank_line = 0;  // blank lines are fine only at the end
  for (;;) {
    const auto line = reader_.next_line();
    if (!line) return std::unexpected(line.error());
    if (*line == Line::end) break;
    if (*line == Line::blank) {
      if (blank_line == 0) blank_line = reader_.line();
      continue;
    }
    if (blank_line != 0) return fail_at(reader_.place(blank_line, 1), "the line is blank");
    if (auto read = read_row(); !read) return read;
    rows_.features.insert(rows_.features.end(), row_.begin(), row_.end() - 1);
    if (has_target) rows_.targets.push_back(row_.back());
    if (++rows_.n_rows == kRowsToGuessBy) expect_rows();
  }
  if (rows_.n_rows == 0) return fail_at(reader_.source().name(), "there are no data rows after the header");
  return {};
}

// Makes room for as many rows as the text is likely to have.
void RowReader::expect_rows() {
  constexpr double kMore = 1.02;
  const double share = static_cast<double>(reader_.offset()) / static_cast<double>(reader_.source().size());
  if (!(share < 1)) return;
  const double expected = kMore * static_cast<double>(rows_.features.size()) / share;
  if (4 * expected < static_cast<double>(rows_.features.max_size())) {
    rows_.features.reserve(static_cast<std::size_t>(expected));
  }
}

Result<void> RowReader::read_row() {
  for (CsvColumn& column : columns_) {
    if (!reader_.has_field()) return wrong_count();
    const bool may_be_number = column.kind == Kind::numbers || column.kind == Kind::undecided;
    if (may_be_number && reader_.number(row_[column.place])) continue;
    if (auto read = read_value(column); !read) return read;
  }
  if (reader_.has_field()) return wrong_count();
  return {};
}

Result<void> RowReader::wrong_count() {
  // The first field that is missing or too many.
  const std::size_t column = std::min(reader_.column(), columns_.size()) + 1;
  while (reader_.has_field()) {
    if (const auto field = reader_.field(); !field) return std::unexpected(field.error());
  }
  return fail_at(reader_.place(column), "the header has %zu fields, this line has %zu", columns_.size(),
                 reader_.column());
}

Result<void> RowReader::read_value(CsvColumn& column) {
  const auto field = reader_.field();
  if (!field) return std::unexpected(field.error());
  if (column.kind == Kind::ignored) return {};
  auto read = value(column, *field);
  if (!read && !column.keeps_error) return std::unexpected(std::move(read.error()));
  if (!read) {
    column.error = std::move(read.error().message);
    column.kind = Kind::ignored;
  }
  row_[column.place] = read.value_or(kMissing);
  return {};
}

std::unexpected<Error> RowReader::wrong_value(const std::string& what) const {
  return fail_at(reader_.place(), "column %s: %s", quoted(header_.texts()[reader_.column() - 1]).c_str(), what.c_str());
}

Result<float> RowReader::missing_value(const CsvColumn& column, std::string_view text) const {
  if (!column.required) return kMissing;
  return wrong_value(text.empty() ? "is blank" : quoted(text) + " is a missing value");
}

Result<float> RowReader::value(CsvColumn& column, const CsvField& field) {
  const std::string_view text = trimmed(field.text);
  if (text.empty() || (!field.quoted && names_missing(text))) return missing_value(column, text);
  return column.kind == Kind::texts ? text_value(column, field) : number_value(column, field);
}

Result<float> RowReader::number_value(CsvColumn& column, const CsvField& field) {
  const ParsedNumber number = parse_number(field.text);
  switch (number.problem) {
    case NumberProblem::none:
      return number.value;
    case NumberProblem::not_finite:
    case NumberProblem::too_large: {
      const char* what =
          number.problem == NumberProblem::not_finite ? " is not a finite number" : " is too large for a 32-bit float";
      auto wrong = wrong_value(quoted(field.text) + what);
      if (column.kind == Kind::numbers || !column.may_mix) return wrong;
      // Fine if the column turns out to be one of texts.
      if (column.error.empty()) {
        column.error = std::move(wrong.error().message);
        column.error_line = reader_.line();
      }
      return kMissing;
    }
    default:
      break;
  }
  const bool mixes = column.kind == Kind::undecided && had_numbers(column);
  if (column.kind == Kind::numbers || (mixes && !column.may_mix)) {
    return wrong_value(quoted(field.text) + " is not a number");
  }
  is_stale_ |= mixes;
  column.kind = Kind::texts;
  column.error.clear();
  return text_value(column, field);
}

bool RowReader::had_numbers(const CsvColumn& column) const {
  if (!column.error.empty()) return true;
  const bool is_target = column.place == rows_.n_features;
  for (std::size_t row = 0; row < rows_.n_rows; ++row) {
    const float value = is_target ? rows_.targets[row] : rows_.features[row * rows_.n_features + column.place];
    if (!std::isnan(value)) return true;
  }
  return false;
}

Result<float> RowReader::text_value(CsvColumn& column, const CsvField& field) {
  if (column.is_complete) {
    const auto number = column.texts.find(field.text);
    return number ? static_cast<float>(*number) : kMissing;
  }
  const std::size_t before = column.texts.size();
  const std::uint32_t number = column.texts.add(field.text);
  if (number == before) {
    if (field.text.contains('\0')) return wrong_value(quoted(field.text) + " has a zero byte: is this a CSV file?");
    if (number == column.max_texts) return wrong_value(format("more than %zu %s", column.max_texts, column.texts_are));
  }
  return static_cast<float>(number);
}

}  // namespace

Result<CsvFile> CsvFile::open(ByteSource source, std::size_t block_bytes) {
  CsvFile file(CsvReader(std::move(source), block_bytes));
  auto header = read_header(file.reader_);
  if (!header) return std::unexpected(std::move(header.error()));
  file.header_ = *std::move(header);
  return file;
}

Result<CsvRows> CsvFile::read(std::vector<CsvColumn>& columns, std::size_t n_features) {
  for (;;) {
    RowReader rows(reader_, header_, columns, n_features);
    if (auto read = rows.read(); !read) return std::unexpected(std::move(read.error()));
    if (!rows.is_stale()) {
      const CsvColumn* wrong = nullptr;
      for (CsvColumn& column : columns) {
        if (column.kind != Kind::undecided) continue;
        column.kind = Kind::numbers;
        if (column.keeps_error || column.error.empty()) continue;
        if (wrong == nullptr || column.error_line < wrong->error_line) wrong = &column;
      }
      if (wrong != nullptr) return fail(wrong->error);
      return std::move(rows).take();
    }
    for (CsvColumn& column : columns) {
      if (column.kind == Kind::undecided) column.error.clear();
      if (column.kind == Kind::texts && !column.is_complete) column.texts = {};
    }
    if (auto back = reader_.rewind(); !back) return std::unexpected(std::move(back.error()));
    if (auto header = read_header(reader_); !header) return std::unexpected(std::move(header.error()));
  }
}

}  // namespace wasm_ml
