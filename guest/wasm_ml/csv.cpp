#include "csv.hpp"

#include <algorithm>
#include <utility>

#include "csv_record.hpp"
#include "number.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

using Outcome = CsvRecordReader::Outcome;

// file:line:column, for the head of a message.
std::string place(const std::string& name, std::size_t line, std::size_t column) {
  return format("%s:%zu:%zu", name.c_str(), line, column);
}

std::unexpected<Error> quote_error(const std::string& name, const CsvRecordReader& reader, Outcome outcome) {
  const char* what = outcome == Outcome::unclosed_quote ? "a quoted field is never closed"
                                                        : "text follows the closing quote of a field";
  return fail(place(name, reader.record_line(), reader.fields().size()) + ": " + what);
}

Result<void> check_header(const std::string& name, std::size_t line, const std::vector<std::string>& header) {
  for (std::size_t i = 0; i < header.size(); ++i) {
    const std::string& column = header[i];
    const NumberProblem problem = parse_number(column).problem;
    if (problem == NumberProblem::none || problem == NumberProblem::too_large) {
      return fail(place(name, line, i + 1) + ": no header: this is the number " + column);
    }
    if (problem == NumberProblem::blank) {
      return fail(place(name, line, i + 1) + ": the header has no name for this column");
    }
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::ranges::any_of(column, is_control)) {
      return fail(place(name, line, i + 1) + ": control characters in the column name " + quoted(column) +
                  ": is this a CSV file?");
    }
    const auto earlier = std::find(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(i), column);
    if (earlier != header.begin() + static_cast<std::ptrdiff_t>(i)) {
      return fail(place(name, line, i + 1) + format(": the name %s is taken by column %zu", quoted(column).c_str(),
                                                    static_cast<std::size_t>(earlier - header.begin()) + 1));
    }
  }
  return {};
}

std::string number_problem(const std::string& field, NumberProblem problem) {
  switch (problem) {
    case NumberProblem::blank:
      return "is blank";
    case NumberProblem::not_finite:
      return quoted(field) + " is not a finite number";
    case NumberProblem::too_large:
      return quoted(field) + " is too large for a 32-bit float";
    default:
      return quoted(field) + " is not a number";
  }
}

}  // namespace

Result<CsvFile> CsvFile::parse(std::string name, std::string text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  const std::size_t begin = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  CsvRecordReader reader(text, begin, 1);
  const Outcome outcome = reader.next();
  if (outcome == Outcome::end) return fail(name + ": the file is empty");
  if (outcome != Outcome::record) return quote_error(name, reader, outcome);
  if (reader.record_is_empty_line()) return fail(place(name, 1, 1) + ": no header: the line is blank");
  if (auto checked = check_header(name, 1, reader.fields()); !checked) return std::unexpected(checked.error());
  CsvFile file;
  file.header_ = reader.fields();
  file.data_begin_ = reader.position();
  file.data_line_ = reader.line();
  file.name_ = std::move(name);
  file.text_ = std::move(text);
  return file;
}

std::optional<std::size_t> CsvFile::find_column(std::string_view column) const {
  const auto found = std::ranges::find(header_, column);
  if (found == header_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header_.begin());
}

Result<std::vector<float>> CsvFile::numbers(std::span<const std::size_t> columns) const {
  std::vector<float> values;
  CsvRecordReader reader(text_, data_begin_, data_line_);
  std::size_t blank_line = 0;  // blank lines are fine only at the end of the file
  for (Outcome outcome = reader.next(); outcome != Outcome::end; outcome = reader.next()) {
    if (outcome != Outcome::record) return quote_error(name_, reader, outcome);
    if (reader.record_is_empty_line()) {
      if (blank_line == 0) blank_line = reader.record_line();
      continue;
    }
    if (blank_line != 0) return fail(place(name_, blank_line, 1) + ": the line is blank");
    const auto& fields = reader.fields();
    if (fields.size() != header_.size()) {
      // The first field that is missing or too many.
      const std::size_t column = std::min(fields.size(), header_.size()) + 1;
      return fail(place(name_, reader.record_line(), column) +
                  format(": the header has %zu fields, this line has %zu", header_.size(), fields.size()));
    }
    for (const std::size_t column : columns) {
      const ParsedNumber number = parse_number(fields[column]);
      if (number.problem != NumberProblem::none) {
        return fail(place(name_, reader.record_line(), column + 1) + ": column " + quoted(header_[column]) + ": " +
                    number_problem(fields[column], number.problem));
      }
      values.push_back(number.value);
    }
  }
  if (values.empty()) return fail(name_ + ": there are no data rows after the header");
  return values;
}

}  // namespace wasm_ml
