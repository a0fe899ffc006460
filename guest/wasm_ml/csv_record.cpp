#include "csv_record.hpp"

namespace wasm_ml {

bool CsvRecordReader::at_line_end() const {
  if (position_ == text_.size() || text_[position_] == '\n') return true;
  return text_[position_] == '\r' && (position_ + 1 == text_.size() || text_[position_ + 1] == '\n');
}

CsvRecordReader::Outcome CsvRecordReader::next_field(std::string& field) {
  field.clear();
  quoted_ = position_ < text_.size() && text_[position_] == '"';
  if (!quoted_) {
    const std::size_t begin = position_;
    while (!at_line_end() && text_[position_] != ',') ++position_;
    field.assign(text_.substr(begin, position_ - begin));
    return Outcome::record;
  }
  for (++position_; position_ < text_.size(); ++position_) {
    const char c = text_[position_];
    if (c == '"') {
      ++position_;
      const bool doubled = position_ < text_.size() && text_[position_] == '"';
      if (!doubled) return at_line_end() || text_[position_] == ',' ? Outcome::record : Outcome::text_after_quote;
    }
    if (c == '\n') ++line_;
    field += c;
  }
  return Outcome::unclosed_quote;
}

CsvRecordReader::Outcome CsvRecordReader::next() {
  if (position_ == text_.size()) return Outcome::end;
  record_line_ = line_;
  std::size_t count = 0;
  for (bool more = true; more;) {
    // Fields of the record before are kept for their memory.
    if (count == fields_.size()) fields_.emplace_back();
    const Outcome outcome = next_field(fields_[count++]);
    if (outcome != Outcome::record) {
      fields_.resize(count);
      return outcome;
    }
    more = !at_line_end();
    if (more) ++position_;  // the comma
  }
  fields_.resize(count);
  if (position_ < text_.size() && text_[position_] == '\r') ++position_;
  if (position_ < text_.size()) {
    ++position_;
    ++line_;
  }
  return Outcome::record;
}

}  // namespace wasm_ml
