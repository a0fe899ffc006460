#include "csv_reader.hpp"

#include <gmock/gmock.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace wasm_ml {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Line = CsvReader::Line;

constexpr std::size_t kBlocks[] = {1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 64, CsvReader::kBlockBytes};

// Quoted fields in brackets.
using Lines = std::vector<std::vector<std::string>>;

Result<Lines> lines_by(CsvReader& reader) {
  Lines lines;
  for (;;) {
    const auto line = reader.next_line();
    if (!line) return std::unexpected(line.error());
    if (*line == Line::end) return lines;
    lines.emplace_back();
    while (*line == Line::fields && reader.has_field()) {
      const auto field = reader.field();
      if (!field) return std::unexpected(field.error());
      const std::string text(field->text);
      lines.back().push_back(field->quoted ? "[" + text + "]" : text);
    }
  }
}

// The same with all sizes of blocks.
Lines lines_of(const std::string& text) {
  Lines lines;
  for (const std::size_t block : kBlocks) {
    CsvReader reader(ByteSource::of_bytes("t", text), block);
    auto read = lines_by(reader);
    EXPECT_TRUE(read) << block << ": " << read.error().message;
    if (!read) return {};
    if (block != kBlocks[0]) {
      EXPECT_EQ(*read, lines) << block;
    }
    lines = *std::move(read);
    EXPECT_TRUE(reader.rewind());
    EXPECT_EQ(lines_by(reader).value(), lines) << block;
  }
  return lines;
}

std::string error_of(const std::string& text) {
  std::string message;
  for (const std::size_t block : kBlocks) {
    CsvReader reader(ByteSource::of_bytes("t", text), block);
    const auto read = lines_by(reader);
    if (read) return "no error";
    if (block != kBlocks[0]) {
      EXPECT_EQ(read.error().message, message) << block;
    }
    message = read.error().message;
  }
  return message;
}

TEST(CsvReaderTest, LinesAndFields) {
  EXPECT_THAT(lines_of(""), IsEmpty());
  EXPECT_THAT(lines_of("a"), ElementsAre(ElementsAre("a")));
  EXPECT_THAT(lines_of("a,b\nc,d\n"), ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "d")));
  EXPECT_THAT(lines_of(",\n,"), ElementsAre(ElementsAre("", ""), ElementsAre("", "")));
  EXPECT_THAT(lines_of("a\n\nb\n\n"), ElementsAre(ElementsAre("a"), IsEmpty(), ElementsAre("b"), IsEmpty()));
}

TEST(CsvReaderTest, LineEnds) {
  EXPECT_THAT(lines_of("a\r\nb\r\n"), ElementsAre(ElementsAre("a"), ElementsAre("b")));
  EXPECT_THAT(lines_of("a,b\r"), ElementsAre(ElementsAre("a", "b")));
  EXPECT_THAT(lines_of("a\rb,\r,\r\r\n"), ElementsAre(ElementsAre("a\rb", "\r", "\r")));
  EXPECT_THAT(lines_of("\r\n\r"), ElementsAre(IsEmpty(), IsEmpty()));
  EXPECT_THAT(lines_of("\"a\"\r\n\"b\"\r"), ElementsAre(ElementsAre("[a]"), ElementsAre("[b]")));
}

TEST(CsvReaderTest, Quotes) {
  EXPECT_THAT(lines_of("\"\",\"\"\"\",\"a\"\"b\"\"\"\n"), ElementsAre(ElementsAre("[]", "[\"]", "[a\"b\"]")));
  EXPECT_THAT(lines_of("\"a,\nb\",c\n"), ElementsAre(ElementsAre("[a,\nb]", "c")));
  EXPECT_THAT(lines_of("a\"b\",c\"\n"), ElementsAre(ElementsAre("a\"b\"", "c\"")));
  EXPECT_THAT(lines_of(" \"a\"\n"), ElementsAre(ElementsAre(" \"a\"")));
}

TEST(CsvReaderTest, AByteOrderMarkAtTheStartOnly) {
  const std::string mark = "\xef\xbb\xbf";
  EXPECT_THAT(lines_of(mark + "a," + mark + "b\n"), ElementsAre(ElementsAre("a", mark + "b")));
  EXPECT_THAT(lines_of(mark), IsEmpty());
  EXPECT_THAT(lines_of(mark + "\"a\""), ElementsAre(ElementsAre("[a]")));
  EXPECT_THAT(lines_of("\xef\xbb"), ElementsAre(ElementsAre("\xef\xbb")));
}

TEST(CsvReaderTest, ZeroBytesAreBytes) {
  const std::string text("a\0,\0\n\0\"", 7);
  EXPECT_THAT(lines_of(text), ElementsAre(ElementsAre(std::string("a\0", 2), std::string("\0", 1)),
                                          ElementsAre(std::string("\0\"", 2))));
}

TEST(CsvReaderTest, NamesWhereQuotesAreWrong) {
  EXPECT_EQ(error_of("a\nb,\"c\n\nd"), "t:2:2: a quoted field is never closed");
  EXPECT_EQ(error_of("\""), "t:1:1: a quoted field is never closed");
  EXPECT_EQ(error_of("\"\"\""), "t:1:1: a quoted field is never closed");
  EXPECT_EQ(error_of("\"a\n\"\nb,\"c\"d"), "t:3:2: text follows the closing quote of a field");
  EXPECT_EQ(error_of("\"a\"\rb"), "t:1:1: text follows the closing quote of a field");
}

TEST(CsvReaderTest, NumbersGiveTheSameWhetherTheyAreAtHandOrNot) {
  const std::string text = "1,-2.5\n0.125,3e2\r\n4,5";
  for (const std::size_t block : kBlocks) {
    CsvReader reader(ByteSource::of_bytes("t", text), block);
    std::vector<float> values;
    std::vector<std::size_t> places;
    while (reader.next_line().value() == Line::fields) {
      while (reader.has_field()) {
        float value = 0;
        if (!reader.number(value)) value = parse_number(reader.field().value().text).value;
        values.push_back(value);
        places.push_back(10 * reader.line() + reader.column());
      }
    }
    EXPECT_THAT(values, ElementsAre(1, -2.5, 0.125, 300, 4, 5)) << block;
    EXPECT_THAT(places, ElementsAre(11, 12, 21, 22, 31, 32)) << block;
  }
}

TEST(CsvReaderTest, WhatNumberDoesNotTakeIsLeft) {
  CsvReader reader(ByteSource::of_bytes("t", "1x,2 ,\"3\",,4\rx,5\n"));
  ASSERT_TRUE(reader.next_line());
  for (const char* text : {"1x", "2 ", "3", "", "4\rx"}) {
    float value = 0;
    EXPECT_FALSE(reader.number(value)) << text;
    EXPECT_EQ(reader.field().value().text, text);
  }
  float value = 0;
  EXPECT_TRUE(reader.number(value));
  EXPECT_FALSE(reader.has_field());
}

TEST(CsvReaderTest, ReadsBackWhatIsWritten) {
  std::mt19937 random(7);
  const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random()) % bound; };
  constexpr std::string_view kCharacters("ab\"\"\n\r, 1.-\0", 13);
  for (int run = 0; run < 300; ++run) {
    Lines expected;
    std::string text;
    const std::uint32_t n_columns = 2 + below(4);
    for (std::uint32_t line = 0; line < 1 + below(5); ++line) {
      expected.emplace_back();
      for (std::uint32_t column = 0; column < n_columns; ++column) {
        std::string field;
        for (std::uint32_t n = below(6); n > 0; --n) field += kCharacters[below(kCharacters.size())];
        if (column > 0) text += ',';
        const bool quoted = below(2) == 0 || field.find_first_of("\"\n\r,") != std::string::npos;
        expected.back().push_back(quoted ? "[" + field + "]" : field);
        if (!quoted) text += field;
        if (!quoted) continue;
        text += '"';
        for (const char c : field) text += c == '"' ? "\"\"" : std::string(1, c);
        text += '"';
      }
      text += below(2) == 0 ? "\n" : "\r\n";
    }
    EXPECT_EQ(lines_of(text), expected) << text;
  }
}

TEST(CsvReaderTest, AnyBytesAreReadOrRefused) {
  std::mt19937 random(8);
  constexpr std::string_view kCharacters("\"\"\n\r,,1\xef\xbb\xbf\0", 11);
  for (int run = 0; run < 2000; ++run) {
    std::string text;
    for (std::size_t n = random() % 20; n > 0; --n) text += kCharacters[random() % kCharacters.size()];
    CsvReader whole(ByteSource::of_bytes("t", text));
    const auto expected = lines_by(whole);
    for (const std::size_t block : {1, 2, 3, 5}) {
      CsvReader reader(ByteSource::of_bytes("t", text), block);
      const auto read = lines_by(reader);
      ASSERT_EQ(read.has_value(), expected.has_value()) << text;
      if (read) {
        ASSERT_EQ(*read, *expected) << text;
      }
      if (!read) {
        ASSERT_EQ(read.error().message, expected.error().message) << text;
      }
    }
  }
}

TEST(CsvReaderTest, LongFieldsAndTheLongestThereMayBe) {
  const std::string ten(10'000'000, 'x');
  for (const std::string& text : {ten + "," + ten + "\n", "\"" + ten + "\",\"" + ten + "\"\n"}) {
    CsvReader reader(ByteSource::of_bytes("t", text));
    ASSERT_TRUE(reader.next_line());
    EXPECT_EQ(reader.field().value().text, ten);
    EXPECT_EQ(reader.field().value().text, ten);
    EXPECT_FALSE(reader.has_field());
  }
  CsvReader reader(ByteSource::of_bytes("t", "a,\"" + std::string(70'000'000, '\n')));
  ASSERT_TRUE(reader.next_line());
  ASSERT_TRUE(reader.field());
  EXPECT_EQ(reader.field().error().message, "t:1:2: a field is longer than 64 MiB: is a quote missing?");
}

}  // namespace
}  // namespace wasm_ml
