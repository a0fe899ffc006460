#include "treelite_fields.hpp"

#include <array>
#include <cstdarg>
#include <cstdio>

#include "text.hpp"

namespace wasm_ml::treelite {

void FieldReader::fail(std::uint64_t offset, const char* pattern, ...) {
  if (failed()) return;
  std::array<char, 512> what{};
  std::va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(what.data(), what.size(), pattern, arguments);
  va_end(arguments);
  std::string place = "header";
  if (tree_) place = format("tree %llu", wide(*tree_));
  if (node_) place += format(", node %u", *node_);
  error_ = Error{format("%s (byte %llu): %s", place.c_str(), wide(offset), what.data())};
}

void FieldReader::fail_truncated(const char* field) { fail(offset(), "truncated: the file ends within '%s'", field); }

bool FieldReader::flag(const char* field) {
  const std::uint64_t at = offset();
  const auto value = scalar<std::uint8_t>(field);
  if (value > 1) fail(at, "'%s' is %u, neither 0 nor 1", field, unsigned{value});
  return value == 1;
}

std::uint32_t FieldReader::positive(const char* field) {
  const std::uint64_t at = offset();
  const auto value = scalar<std::int32_t>(field);
  if (value < 1) fail(at, "'%s' is %d", field, value);
  return failed() ? 0 : static_cast<std::uint32_t>(value);
}

std::string_view FieldReader::array_bytes(const char* field, std::size_t element_size, Length length) {
  const std::uint64_t at = offset();
  const auto count = scalar<std::uint64_t>(field);
  if (count > reader_.remaining() / element_size) {
    fail(at, "'%s' has %llu elements: that is more than the rest of the file holds", field, wide(count));
  } else if (length.count && count != *length.count && !(length.or_none && count == 0)) {
    fail(at, "'%s' has %llu elements instead of %llu%s", field, wide(count), wide(*length.count),
         length.or_none ? " or none" : "");
  }
  return failed() ? std::string_view() : take(static_cast<std::size_t>(count) * element_size);
}

void FieldReader::skip_optional_fields(const char* field) {
  const std::uint64_t at = offset();
  const auto n_fields = scalar<std::int32_t>(field);
  if (n_fields < 0) fail(at, "'%s' is %d", field, n_fields);
  for (std::int32_t i = 0; i < n_fields && !failed(); ++i) {
    (void)text("name of an optional field");
    const std::uint64_t size_at = offset();
    const auto element_size = scalar<std::uint64_t>("element size of an optional field");
    const auto count = scalar<std::uint64_t>("length of an optional field");
    if (element_size != 0 && count > reader_.remaining() / element_size) {
      fail(size_at, "an optional field has %llu elements of %llu bytes: that is more than the rest of the file holds",
           wide(count), wide(element_size));
    }
    if (!failed()) take(static_cast<std::size_t>(element_size * count));
  }
}

std::string_view FieldReader::take(std::size_t n_bytes) {
  const auto begin = static_cast<std::size_t>(offset());
  reader_ = ByteReader(bytes_.substr(begin + n_bytes));
  return bytes_.substr(begin, n_bytes);
}

}  // namespace wasm_ml::treelite
