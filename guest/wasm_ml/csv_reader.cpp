#include "csv_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "table_error.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

constexpr std::size_t kPadding = kScanPadding + 1;
constexpr std::size_t kMaxFieldBytes = std::size_t{1} << 26U;

}  // namespace

CsvReader::CsvReader(ByteSource source, std::size_t block_bytes)
    : source_(std::move(source)),
      block_bytes_(block_bytes),
      buffer_(block_bytes + kPadding),
      position_(buffer_.data()),
      end_(position_) {}

std::string CsvReader::place(std::size_t line, std::size_t column) const {
  return format("%s:%zu:%zu", source_.name().c_str(), line, column);
}

// Reads another block behind what has not been passed over. False at the end.
Result<bool> CsvReader::more() {
  if (at_end_) return false;
  const std::size_t kept = available();
  if (kept > kMaxFieldBytes) return fail_at(place(), "a field is longer than 64 MiB: is a quote missing?");
  std::memmove(buffer_.data(), position_, kept);
  if (kept + block_bytes_ + kPadding > buffer_.size()) buffer_.resize(2 * kept + block_bytes_ + kPadding);
  position_ = buffer_.data();
  end_ = position_ + kept;
  const auto count = source_.read(std::span(buffer_).subspan(kept, block_bytes_));
  if (!count) return std::unexpected(count.error());
  end_ += *count;
  end_offset_ += *count;
  at_end_ = *count == 0;
  std::ranges::fill(std::span(buffer_).subspan(kept + *count, kPadding), '\0');
  return !at_end_;
}

// Whether there are so many bytes; reads them.
Result<bool> CsvReader::has_bytes(std::size_t count) {
  while (available() < count) {
    const auto read = more();
    if (!read || !*read) return read;
  }
  return true;
}

// Of a field that has `at` bytes.
Result<CsvReader::Ending> CsvReader::ending_at(std::size_t at) {
  auto there = has_bytes(at + 1);
  if (!there) return std::unexpected(std::move(there.error()));
  if (!*there) return Ending{.ends = true};
  const char first = position_[at];
  if (first == ',') return Ending{.ends = true, .comma = true, .length = 1};
  if (first == '\n') return Ending{.ends = true, .length = 1};
  if (first != '\r') return Ending{};
  there = has_bytes(at + 2);
  if (!there) return std::unexpected(std::move(there.error()));
  if (!*there) return Ending{.ends = true, .length = 1};
  return position_[at + 1] == '\n' ? Ending{.ends = true, .length = 2} : Ending{};
}

void CsvReader::pass(std::size_t at, const Ending& ending) {
  position_ += at + ending.length;
  has_field_ = ending.comma;
  if (!ending.comma && ending.length != 0) ++line_;
}

Result<CsvReader::Line> CsvReader::next_line() {
  if (at_start_) {
    at_start_ = false;
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    const auto there = has_bytes(kByteOrderMark.size());
    if (!there) return std::unexpected(there.error());
    if (std::string_view(position_, end_).starts_with(kByteOrderMark)) position_ += kByteOrderMark.size();
  }
  first_line_ = line_;
  column_ = 0;
  if (position_ == end_ || *position_ == '\n' || *position_ == '\r') {
    const auto ending = ending_at(0);
    if (!ending) return std::unexpected(ending.error());
    if (ending->ends && !ending->comma) {
      pass(0, *ending);
      return ending->length == 0 ? Line::end : Line::blank;
    }
  }
  has_field_ = true;
  return Line::fields;
}

Result<CsvField> CsvReader::field() {
  ++column_;
  const auto first = has_bytes(1);
  if (!first) return std::unexpected(first.error());
  return *first && *position_ == '"' ? quoted_field() : plain_field();
}

Result<CsvField> CsvReader::plain_field() {
  for (std::size_t length = 0;; ++length) {
    const char* end = position_ + length;
    while (end != end_ && *end != ',' && *end != '\n' && *end != '\r') ++end;
    length = static_cast<std::size_t>(end - position_);
    const auto ending = ending_at(length);
    if (!ending) return std::unexpected(ending.error());
    if (!ending->ends) continue;
    const std::string_view text(position_, length);
    pass(length, *ending);
    return CsvField{.text = text};
  }
}

Result<CsvField> CsvReader::quoted_field() {
  unquoted_.clear();
  std::size_t begin = 1;  // of what unquoted_ does not have yet
  for (std::size_t at = 1;;) {
    const void* quote = std::memchr(position_ + at, '"', available() - at);
    if (quote == nullptr) {
      at = available();
      const auto read = more();
      if (!read) return std::unexpected(read.error());
      if (!*read) return fail_at(place(), "a quoted field is never closed");
      continue;
    }
    at = static_cast<std::size_t>(static_cast<const char*>(quote) - position_);
    const auto next = has_bytes(at + 2);
    if (!next) return std::unexpected(next.error());
    if (*next && position_[at + 1] == '"') {
      unquoted_.append(position_ + begin, at + 1 - begin);
      at += 2;
      begin = at;
      continue;
    }
    const auto ending = ending_at(at + 1);
    if (!ending) return std::unexpected(ending.error());
    if (!ending->ends) return fail_at(place(), "text follows the closing quote of a field");
    std::string_view text(position_ + begin, at - begin);
    if (begin > 1) text = unquoted_.append(text);
    line_ += static_cast<std::size_t>(std::ranges::count(text, '\n'));
    pass(at + 1, *ending);
    return CsvField{.text = text, .quoted = true};
  }
}

Result<void> CsvReader::rewind() {
  position_ = buffer_.data();
  end_ = position_;
  end_offset_ = 0;
  std::ranges::fill(std::span(buffer_).first(kPadding), '\0');
  at_start_ = true;
  at_end_ = false;
  line_ = 1;
  return source_.rewind();
}

}  // namespace wasm_ml
