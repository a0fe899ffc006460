#include "npy.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "npy_header.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsNan;

std::string header_of(const std::string& dictionary, int version = 1) {
  std::string file = "\x93NUMPY";
  file += {static_cast<char>(version), 0};
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) file += static_cast<char>(dictionary.size() >> (8 * i));
  return file + dictionary;
}

std::string header_of(const std::string& type, bool fortran_order, const std::string& shape, int version = 1) {
  return header_of(format("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", type.c_str(),
                          fortran_order ? "True" : "False", shape.c_str()),
                   version);
}

template <class T>
std::string bytes_of(const std::vector<T>& elements) {
  std::string bytes(elements.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), elements.data(), bytes.size());
  return bytes;
}

Result<NpyArray> read(const std::string& file, std::size_t block_bytes = std::size_t{1} << 20U) {
  return read_npy(ByteSource::of_bytes("x.npy", file), block_bytes);
}

std::string error(const std::string& file) {
  const auto array = read(file);
  return array ? "no error" : array.error().message;
}

template <class T>
std::vector<float> values_of(const char* type, const std::vector<T>& elements) {
  const std::string file = header_of(type, false, format("(%zu,)", elements.size())) + bytes_of(elements);
  const auto array = read(file);
  EXPECT_TRUE(array) << array.error().message;
  EXPECT_EQ(read(file, 1).value().values.size(), elements.size());
  return array ? array->values : std::vector<float>();
}

TEST(NpyTest, ReadsTheTypes) {
  EXPECT_THAT(values_of<float>("<f4", {1.5F, -0.0F, NAN, 3e38F}), ElementsAre(1.5F, 0, IsNan(), 3e38F));
  EXPECT_THAT(values_of<double>("<f8", {0.1, NAN, 1e-300}), ElementsAre(0.1F, IsNan(), 0));
  EXPECT_THAT(values_of<std::uint16_t>("<f2", {0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0x7e00, 0x3555, 0x8000}),
              ElementsAre(1, -2, std::ldexp(1.0F, -24), std::ldexp(1023.0F, -24), 65504, IsNan(), 0.333251953125F, 0));
  EXPECT_THAT(values_of<std::int8_t>("|i1", {-128, 127}), ElementsAre(-128, 127));
  EXPECT_THAT(values_of<std::uint8_t>("|u1", {0, 255}), ElementsAre(0, 255));
  EXPECT_THAT(values_of<std::int16_t>("<i2", {-32768, 5}), ElementsAre(-32768, 5));
  EXPECT_THAT(values_of<std::uint16_t>("<u2", {65535}), ElementsAre(65535));
  EXPECT_THAT(values_of<std::int32_t>("<i4", {-5, 16777217}), ElementsAre(-5, 16777216));
  EXPECT_THAT(values_of<std::uint32_t>("=u4", {4294967295U}), ElementsAre(4294967296.0F));
  EXPECT_THAT(values_of<std::int64_t>("<i8", {-(std::int64_t{1} << 40)}), ElementsAre(-1099511627776.0F));
  EXPECT_THAT(values_of<std::uint64_t>("<u8", {~std::uint64_t{0}}), ElementsAre(18446744073709551616.0F));
  EXPECT_THAT(values_of<std::uint8_t>("|b1", {0, 1, 2}), ElementsAre(0, 1, 1));
  EXPECT_THAT(values_of<std::uint8_t>(">u1", {3}), ElementsAre(3));
}

TEST(NpyTest, ReadsBothOrdersAndAllVersions) {
  const std::string elements = bytes_of<float>({1, 2, 3, 4, 5, 6});
  for (const int version : {1, 2, 3}) {
    for (const std::size_t block : {1U, 5U, 8U, 64U}) {
      const auto rows = read(header_of("<f4", false, "(2, 3)", version) + elements, block);
      ASSERT_TRUE(rows) << rows.error().message;
      EXPECT_EQ(rows->n_rows, 2U);
      EXPECT_EQ(rows->n_columns, 3U);
      EXPECT_THAT(rows->values, ElementsAre(1, 2, 3, 4, 5, 6));
      const auto columns = read(header_of("<f4", true, "(2, 3)", version) + elements, block);
      ASSERT_TRUE(columns) << columns.error().message;
      EXPECT_THAT(columns->values, ElementsAre(1, 3, 5, 2, 4, 6));
    }
  }
  const auto line = read(header_of("<f4", true, "(6,)") + elements);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->n_rows, 6U);
  EXPECT_EQ(line->n_columns, 1U);
}

TEST(NpyTest, ReadsBackWhatItWrites) {
  std::mt19937 random(5);
  for (int run = 0; run < 50; ++run) {
    const std::size_t n_columns = random() % 4;
    std::vector<float> values((1 + random() % 9) * std::max<std::size_t>(1, n_columns));
    for (float& value : values) {
      value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
      if (std::isinf(value)) value = 0;
    }
    const std::string file = encode_npy(values, n_columns);
    const auto array = read(file);
    ASSERT_TRUE(array) << array.error().message;
    EXPECT_EQ(array->n_columns, std::max<std::size_t>(1, n_columns));
    ASSERT_EQ(array->values.size(), values.size());
    EXPECT_EQ(std::memcmp(array->values.data(), values.data(), values.size() * sizeof(float)), 0);
    EXPECT_EQ((file.size() - values.size() * sizeof(float)) % 64, 0U);
  }
}

// What numpy.save writes, byte for byte.
TEST(NpyTest, WritesAsNumPyDoes) {
  std::string expected = "\x93NUMPY";
  expected += {1, 0, 0x76, 0};
  expected += "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
  expected.resize(127, ' ');
  expected += '\n';
  EXPECT_EQ(encode_npy(std::vector<float>{1, 2}, 1), expected + bytes_of<float>({1, 2}));
  EXPECT_THAT(encode_npy(std::vector<float>{1, 2}), HasSubstr("'shape': (2,), }"));
  EXPECT_THAT(encode_npy({}), HasSubstr("'shape': (0,), }"));
}

TEST(NpyTest, NamesWhatIsInfinite) {
  const auto with = [](double value, const char* shape) {
    return error(header_of("<f8", false, shape) + bytes_of<double>({0, 1, 2, value}));
  };
  EXPECT_EQ(with(INFINITY, "(2, 2)"), "x.npy: [1, 1] is infinite as a 32-bit float");
  EXPECT_EQ(with(-1e39, "(4,)"), "x.npy: [3] is infinite as a 32-bit float");
  EXPECT_EQ(error(header_of("<f2", false, "(1,)") + bytes_of<std::uint16_t>({0xfc00})),
            "x.npy: [0] is infinite as a 32-bit float");
}

TEST(NpyTest, NamesWhatIsNotRead) {
  EXPECT_EQ(error(header_of(">f4", false, "(1,)") + "1234"),
            "x.npy: elements of type '>f4' are big-endian: only little-endian ones are read");
  for (const char* type : {"<c8", "|O", "<U5", "|S3", "<M8[s]", "f4", "", "<", "<f16"}) {
    EXPECT_THAT(error(header_of(type, false, "(1,)")), HasSubstr("only floats, whole numbers and booleans")) << type;
  }
  EXPECT_EQ(error(header_of("<f4", false, "(1, 1, 1)") + "1234"),
            "x.npy: an array of 3 dimensions: only 1 or 2 are read");
  EXPECT_EQ(error(header_of("<f4", false, "()") + "1234"), "x.npy: an array of 0 dimensions: only 1 or 2 are read");
  EXPECT_EQ(error(header_of("<f4", false, "(0, 3)")), "x.npy: the array is empty");
  EXPECT_THAT(error(header_of("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }")),
              HasSubstr("x.npy: the header is not that of an array of numbers: '{'descr': [("));
  EXPECT_EQ(error(header_of("<f4", false, "(1,)", 4)), "x.npy: .npy version 4.0: only 1.0, 2.0 and 3.0 are read");
  EXPECT_EQ(error("PK\x03\x04 something"), "x.npy: no .npy file");
}

TEST(NpyTest, SizesThatAreNotThere) {
  const auto sized = [](const char* shape) { return error(header_of("<f8", false, shape) + std::string(16, '\0')); };
  EXPECT_EQ(sized("(2,)"), "no error");
  EXPECT_EQ(sized("(3,)"), "x.npy: truncated: the header tells of 24 bytes of elements, there are 16");
  EXPECT_EQ(sized("(1,)"), "x.npy: too long: the header tells of 8 bytes of elements, there are 16");
  EXPECT_THAT(sized("(1152921504606846975, 2)"), HasSubstr("truncated"));
  for (const char* shape : {"(2305843009213693952, 1)", "(4294967296, 4294967296)", "(2, 9223372036854775808)",
                            "(18446744073709551615,)"}) {
    EXPECT_EQ(sized(shape), "x.npy: the header tells of more elements than there can be") << shape;
  }
  for (const char* shape : {"(18446744073709551616,)", "(-1,)", "(1.5,)", "(2", "2", "(,)", "(2 2)", "(True,)"}) {
    EXPECT_THAT(sized(shape), HasSubstr("the header is not that")) << shape;
  }
  EXPECT_EQ(error(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12)), "x.npy: a header of 4294967295 bytes");
}

TEST(NpyTest, EveryTruncationIsRefused) {
  const std::string file = encode_npy(std::vector<float>{1, 2, 3, 4}, 2);
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_THAT(error(file.substr(0, size)), HasSubstr(size < 8 ? "x.npy: " : "truncated")) << size;
  }
  EXPECT_THAT(error(file + "x"), HasSubstr("too long"));
}

TEST(NpyTest, FlippedBitsAreReadOrRefused) {
  const std::string file = encode_npy(std::vector<float>{1, 2, 3, 4}, 2);
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    std::string flipped = file;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto array = read(flipped);
    if (array) {
      EXPECT_LE(array->values.size() * sizeof(float), 16U);
    }
  }
}

TEST(NpyHeaderTest, EntriesInAnyOrder) {
  const auto header = parse_npy_header("{\"shape\":( 3 ,4),'fortran_order' : True , 'descr':\"<i4\"}  \n");
  ASSERT_TRUE(header);
  EXPECT_EQ(header->type, "<i4");
  EXPECT_TRUE(header->fortran_order);
  EXPECT_THAT(header->shape, ElementsAre(3, 4));
}

TEST(NpyHeaderTest, RefusesAllElse) {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
  ASSERT_TRUE(parse_npy_header(good));
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse_npy_header(good.substr(0, size))) << size;
  for (const char* text : {"{}", "{'descr': '<f4'}", "{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}",
                           "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } x",
                           "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}",
                           "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'more': 1}",
                           "{'descr': '<f4' 'fortran_order': False, 'shape': (3,)}", "{,}", "{{"}) {
    EXPECT_FALSE(parse_npy_header(text)) << text;
  }
}

}  // namespace
}  // namespace wasm_ml
