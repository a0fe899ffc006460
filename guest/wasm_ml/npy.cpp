#include "npy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "npy_header.hpp"
#include "table_error.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic = "\x93NUMPY";

// Elements of T to f32.
template <class T>
void convert(const char* from, std::span<float> to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    T element;
    std::memcpy(&element, from + i * sizeof(T), sizeof(T));
    to[i] = static_cast<float>(element);
  }
}

float half(std::uint16_t bits) {
  const auto exponent = static_cast<int>((bits >> 10U) & 31U);
  const auto fraction = static_cast<float>(bits & 1023U);
  float value = 0;
  if (exponent == 31) {
    value = fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  } else {
    value = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
  }
  return (bits >> 15U) != 0 ? -value : value;
}

void convert_halves(const char* from, std::span<float> to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, from + i * sizeof(bits), sizeof(bits));
    to[i] = half(bits);
  }
}

void convert_truths(const char* from, std::span<float> to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = from[i] != 0 ? 1.0F : 0.0F;
}

struct Type {
  std::string_view name;  // without its byte order
  std::size_t size;
  void (*convert)(const char* from, std::span<float> to);
};

constexpr std::array<Type, 12> kTypes = {{{"f4", 4, convert<float>},
                                          {"f8", 8, convert<double>},
                                          {"f2", 2, convert_halves},
                                          {"i1", 1, convert<std::int8_t>},
                                          {"i2", 2, convert<std::int16_t>},
                                          {"i4", 4, convert<std::int32_t>},
                                          {"i8", 8, convert<std::int64_t>},
                                          {"u1", 1, convert<std::uint8_t>},
                                          {"u2", 2, convert<std::uint16_t>},
                                          {"u4", 4, convert<std::uint32_t>},
                                          {"u8", 8, convert<std::uint64_t>},
                                          {"b1", 1, convert_truths}}};

Result<Type> type_of(const std::string& name, const std::string& descr) {
  const auto found = std::ranges::find(kTypes, std::string_view(descr).substr(descr.empty() ? 0 : 1), &Type::name);
  const bool known = !descr.empty() && std::string_view("<>|=").contains(descr[0]) && found != kTypes.end();
  if (!known) {
    return fail_at(name, "elements of type %s: only floats, whole numbers and booleans of at most 64 bits are read",
                   quoted(descr).c_str());
  }
  if (descr[0] == '>' && found->size > 1) {
    return fail_at(name, "elements of type %s are big-endian: only little-endian ones are read", quoted(descr).c_str());
  }
  return *found;
}

Result<void> read_exactly(ByteSource& source, std::span<char> into) {
  const auto count = source.read(into);
  if (!count) return std::unexpected(count.error());
  if (*count != into.size()) return fail_at(source.name(), "truncated: the file ends inside its header");
  return {};
}

// And the number of bytes it takes.
Result<std::pair<NpyHeader, std::size_t>> read_header(ByteSource& source) {
  constexpr std::size_t kMaxHeader = std::size_t{1} << 20U;
  std::array<char, 8> start{};
  if (auto read = read_exactly(source, start); !read) return std::unexpected(read.error());
  if (!std::string_view(start.data(), start.size()).starts_with(kMagic)) return fail_at(source.name(), "no .npy file");
  const auto version = static_cast<unsigned char>(start[6]);
  if (version < 1 || version > 3 || start[7] != 0) {
    return fail_at(source.name(), ".npy version %u.%u: only 1.0, 2.0 and 3.0 are read", unsigned{version},
                   unsigned{static_cast<unsigned char>(start[7])});
  }
  std::uint32_t length = 0;
  std::array<char, sizeof(length)> length_bytes{};
  const std::size_t n_length_bytes = version == 1 ? 2 : 4;
  if (auto read = read_exactly(source, std::span(length_bytes).first(n_length_bytes)); !read) {
    return std::unexpected(read.error());
  }
  std::memcpy(&length, length_bytes.data(), sizeof(length));
  if (length > kMaxHeader) return fail_at(source.name(), "a header of %lu bytes", static_cast<unsigned long>(length));
  std::string text(length, '\0');
  if (auto read = read_exactly(source, text); !read) return std::unexpected(read.error());
  auto header = parse_npy_header(text);
  if (!header) {
    return fail_at(source.name(), "the header is not that of an array of numbers: %s", quoted(text).c_str());
  }
  return std::pair(*std::move(header), start.size() + n_length_bytes + length);
}

// That the header's shape is what the file has, and fits in memory.
Result<void> check_size(const ByteSource& source, const NpyHeader& header, std::size_t element_size,
                        std::size_t header_size) {
  const std::string& name = source.name();
  if (header.shape.empty() || header.shape.size() > 2) {
    return fail_at(name, "an array of %zu dimensions: only 1 or 2 are read", header.shape.size());
  }
  std::uint64_t n_values = 1;
  for (const std::uint64_t length : header.shape) {
    if (length == 0) return fail_at(name, "the array is empty");
    if (n_values > std::numeric_limits<std::uint64_t>::max() / element_size / length) {
      return fail_at(name, "the header tells of more elements than there can be");
    }
    n_values *= length;
  }
  const std::uint64_t wanted = n_values * element_size;
  const std::uint64_t there = source.size() - std::min<std::uint64_t>(source.size(), header_size);
  if (wanted != there) {
    return fail_at(name, "%s: the header tells of %llu bytes of elements, there are %llu",
                   there < wanted ? "truncated" : "too long", static_cast<unsigned long long>(wanted),
                   static_cast<unsigned long long>(there));
  }
  if (n_values > std::numeric_limits<std::ptrdiff_t>::max() / sizeof(float)) {
    return fail_at(name, "the array does not fit into the module's memory");
  }
  return {};
}

std::string index_of(const NpyHeader& header, std::size_t row, std::size_t column) {
  if (header.shape.size() == 1) return format("[%zu]", row);
  return format("[%zu, %zu]", row, column);
}

std::optional<std::size_t> first_infinite(std::span<const float> values) {
  const auto is_infinite = [](float value) { return std::fabs(value) > FLT_MAX; };
  int any = 0;  // nearly always: without a branch for each
  for (const float value : values) any |= is_infinite(value) ? 1 : 0;
  if (any == 0) return std::nullopt;
  return static_cast<std::size_t>(std::ranges::find_if(values, is_infinite) - values.begin());
}

}  // namespace

Result<NpyArray> read_npy(ByteSource source, std::size_t block_bytes) {
  const auto start = read_header(source);
  if (!start) return std::unexpected(start.error());
  const auto& [header, header_size] = *start;
  const auto type = type_of(source.name(), header.type);
  if (!type) return std::unexpected(type.error());
  if (auto checked = check_size(source, header, type->size, header_size); !checked) {
    return std::unexpected(checked.error());
  }
  NpyArray array{.name = source.name(),
                 .n_rows = static_cast<std::size_t>(header.shape[0]),
                 .n_columns = header.shape.size() == 1 ? 1 : static_cast<std::size_t>(header.shape[1])};
  array.values.resize(array.n_rows * array.n_columns);

  const std::size_t n_inner = header.fortran_order ? array.n_rows : array.n_columns;
  const std::size_t n_block = std::max<std::size_t>(1, block_bytes / type->size);
  std::vector<char> bytes(n_block * type->size);
  std::vector<float> by_column(header.fortran_order ? n_block : 0);
  for (std::size_t done = 0; done < array.values.size();) {
    const std::size_t n = std::min(n_block, array.values.size() - done);
    const auto read = source.read(std::span(bytes).first(n * type->size));
    if (!read) return std::unexpected(read.error());
    if (*read != n * type->size) return fail_at(array.name, "truncated while it was read");
    std::span<float> values = std::span(array.values).subspan(done, n);
    if (header.fortran_order) values = std::span(by_column).first(n);
    type->convert(bytes.data(), values);
    if (const auto infinite = first_infinite(values)) {
      const std::size_t outer = (done + *infinite) / n_inner;
      const std::size_t inner = (done + *infinite) % n_inner;
      const std::string index = header.fortran_order ? index_of(header, inner, outer) : index_of(header, outer, inner);
      return fail_at(array.name, "%s is infinite as a 32-bit float", index.c_str());
    }
    std::size_t column = done / n_inner;
    std::size_t row = done % n_inner;
    for (std::size_t i = 0; header.fortran_order && i < n; ++i) {
      array.values[row * array.n_columns + column] = values[i];
      if (++row < n_inner) continue;
      row = 0;
      ++column;
    }
    done += n;
  }
  return array;
}

std::string encode_npy(std::span<const float> values, std::size_t n_columns) {
  constexpr std::size_t kAlignment = 64;
  const std::string shape =
      n_columns == 0 ? format("(%zu,)", values.size()) : format("(%zu, %zu)", values.size() / n_columns, n_columns);
  std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }";
  const std::size_t before = kMagic.size() + 4;
  text.resize((before + text.size() + 1 + kAlignment - 1) / kAlignment * kAlignment - before - 1, ' ');
  text += '\n';
  std::string file(kMagic);
  file += {1, 0, static_cast<char>(text.size() & 255U), static_cast<char>(text.size() >> 8U)};
  file += text;
  const std::size_t begin = file.size();
  file.resize(begin + values.size_bytes());
  if (!values.empty()) std::memcpy(file.data() + begin, values.data(), values.size_bytes());
  return file;
}

}  // namespace wasm_ml
