#include "csv.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "text.hpp"

namespace wasm_ml {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsNan;
using testing::NanSensitiveFloatEq;
using Kind = CsvColumn::Kind;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Result<CsvFile> open(const std::string& text, std::size_t block_bytes = CsvReader::kBlockBytes) {
  return CsvFile::open(ByteSource::of_bytes("data.csv", text), block_bytes);
}

std::string header_error(const std::string& text) {
  const auto file = open(text);
  return file ? "no error" : file.error().message;
}

// All columns as features of one kind.
struct Table {
  std::vector<CsvColumn> columns;
  Result<CsvRows> rows;
};

Table read(const std::string& text, CsvColumn like, std::size_t block_bytes = CsvReader::kBlockBytes) {
  auto file = open(text, block_bytes);
  if (!file) return {.columns = {}, .rows = std::unexpected(file.error())};
  std::vector<CsvColumn> columns(file->header().size(), like);
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i].place = i;
  auto rows = file->read(columns, columns.size());
  return {.columns = std::move(columns), .rows = std::move(rows)};
}

std::vector<float> numbers(const std::string& text) {
  const Table table = read(text, {.kind = Kind::numbers});
  EXPECT_TRUE(table.rows) << table.rows.error().message;
  return table.rows ? table.rows->features : std::vector<float>();
}

std::string error(const std::string& text, CsvColumn like) {
  const std::string message = [&] {
    const Table table = read(text, like);
    return table.rows ? "no error" : table.rows.error().message;
  }();
  for (const std::size_t block : {1, 2, 3, 5, 8, 64}) {
    const Table table = read(text, like, block);
    EXPECT_EQ(table.rows ? "no error" : table.rows.error().message, message) << block;
  }
  return message;
}

std::string number_error(const std::string& text) { return error(text, {.kind = Kind::numbers, .required = true}); }

TEST(CsvTest, ReadsHeaderAndNumbers) {
  auto file = open("a,b\n1,2.5\n-3e2,+.5\n");
  ASSERT_TRUE(file);
  EXPECT_THAT(file->header(), ElementsAre("a", "b"));
  EXPECT_EQ(file->find_column("b"), 1U);
  EXPECT_EQ(file->find_column("c"), std::nullopt);
  std::vector<CsvColumn> columns = {{.kind = Kind::numbers, .place = 1}, {.kind = Kind::numbers, .place = 0}};
  const auto rows = file->read(columns, 2);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->n_rows, 2U);
  EXPECT_THAT(rows->features, ElementsAre(2.5F, 1.0F, 0.5F, -300.0F));
  EXPECT_THAT(rows->targets, IsEmpty());
}

TEST(CsvTest, TakesCrLfByteOrderMarkQuotesAndAMissingLastLineEnd) {
  const std::string text = "\xef\xbb\xbf\"a, b\",\"say \"\"c\"\"\"\r\n\"1\", 2 \r\n3,4";
  EXPECT_THAT(open(text).value().header(), ElementsAre("a, b", "say \"c\""));
  EXPECT_THAT(numbers(text), ElementsAre(1.0F, 2.0F, 3.0F, 4.0F));
}

TEST(CsvTest, TakesBlankLinesAtTheEndOnly) {
  EXPECT_THAT(numbers("a,b\n1,2\n\n\r\n"), ElementsAre(1, 2));
  EXPECT_EQ(number_error("a,b\n1,2\n\n\n3,4\n"), "data.csv:3:1: the line is blank");
  EXPECT_EQ(number_error("a\n1\n\n3\n"), "data.csv:3:1: the line is blank");
}

TEST(CsvTest, ColumnsThatAreNotAskedForMayHoldAnything) {
  auto file = open("id,x,y\nrow one,1,5\n,2,6\n\"a\nb\",3,7\n");
  ASSERT_TRUE(file);
  std::vector<CsvColumn> columns = {{}, {.kind = Kind::numbers, .place = 1}, {.kind = Kind::numbers, .place = 0}};
  const auto rows = file->read(columns, 1);
  ASSERT_TRUE(rows);
  EXPECT_THAT(rows->features, ElementsAre(5, 6, 7));
  EXPECT_THAT(rows->targets, ElementsAre(1, 2, 3));
}

TEST(CsvTest, NamesTheTroubleWithAHeader) {
  EXPECT_EQ(header_error(""), "data.csv: the file is empty");
  EXPECT_EQ(header_error("\xef\xbb\xbf"), "data.csv: the file is empty");
  EXPECT_EQ(header_error("\n1,2\n"), "data.csv:1:1: no header: the line is blank");
  EXPECT_EQ(header_error("a,b,0.5\n"), "data.csv:1:3: no header: this is the number 0.5");
  EXPECT_EQ(header_error("0,2,1\n"), "data.csv:1:2: no header: this is the number 2");
  EXPECT_EQ(header_error("a,,c\n"), "data.csv:1:2: the header has no name for this column");
  EXPECT_EQ(header_error("a,b,a\n"), "data.csv:1:3: the name 'a' is taken by column 1");
  EXPECT_THAT(header_error(std::string("\x7f"
                                       "ELF\x01\x00",
                                       6)),
              HasSubstr("is this a CSV file?"));
  EXPECT_EQ(header_error("a,\"b\n1,2\n"), "data.csv:1:2: a quoted field is never closed");
  EXPECT_EQ(header_error("a,\"b\"c\n"), "data.csv:1:2: text follows the closing quote of a field");
}

TEST(CsvTest, NamesLineAndColumnOfWhatIsNoNumber) {
  EXPECT_EQ(number_error("a,bmi\n1,2\n3,abc\n"), "data.csv:3:2: column 'bmi': 'abc' is not a number");
  EXPECT_EQ(number_error("a,bmi\n1,\n"), "data.csv:2:2: column 'bmi': is blank");
  EXPECT_EQ(number_error("a,bmi\n  ,1\n"), "data.csv:2:1: column 'a': is blank");
  EXPECT_EQ(number_error("a,bmi\n\"\",1\n"), "data.csv:2:1: column 'a': is blank");
  EXPECT_EQ(number_error("a,bmi\n1,NaN\n"), "data.csv:2:2: column 'bmi': 'NaN' is a missing value");
  EXPECT_EQ(number_error("a,bmi\n1,\"NaN\"\n"), "data.csv:2:2: column 'bmi': 'NaN' is not a number");
  for (const char* text : {"inf", "-Infinity"}) {
    EXPECT_EQ(number_error(std::string("a,b\n1,") + text + "\n"),
              std::string("data.csv:2:2: column 'b': '") + text + "' is not a finite number");
  }
  EXPECT_EQ(number_error("a,b\n1,1e39\n"), "data.csv:2:2: column 'b': '1e39' is too large for a 32-bit float");
  for (const char* text : {"0x10", "1.2.3", "1e", "--1", "1 2", "e5", "."}) {
    EXPECT_THAT(number_error(std::string("a,b\n1,") + text + "\n"), HasSubstr("is not a number")) << text;
  }
}

TEST(CsvTest, CountsLinesInsideQuotes) {
  EXPECT_EQ(number_error("\"a\",\"b\"\n1,2\n3,\"4\n\"\n"), "data.csv:3:2: column 'b': '4\\x0a' is not a number");
  EXPECT_EQ(number_error("a,b\n1,2\n3,\"4\n"), "data.csv:3:2: a quoted field is never closed");
  EXPECT_THAT(error("a,b\n\"x\ny\",2\n\"z\",e\n", {.kind = Kind::undecided}), "no error");
  EXPECT_THAT(error("a,b\n\"x\ny\",2\n\"z\",inf\n", {.kind = Kind::undecided}),
              "data.csv:4:2: column 'b': 'inf' is not a finite number");
}

TEST(CsvTest, NamesRaggedRowsAndMissingRows) {
  EXPECT_EQ(number_error("a,b,c\n1,2,3\n4,5\n"), "data.csv:3:3: the header has 3 fields, this line has 2");
  EXPECT_EQ(number_error("a,b\n1,2,3\n"), "data.csv:2:3: the header has 2 fields, this line has 3");
  EXPECT_EQ(number_error("a,b\n1,2,3,,\"x\"\n"), "data.csv:2:3: the header has 2 fields, this line has 5");
  EXPECT_EQ(number_error("a,b\n"), "data.csv: there are no data rows after the header");
  EXPECT_EQ(number_error("a,b"), "data.csv: there are no data rows after the header");
}

TEST(CsvTest, TinyNumbersBecomeZeroAndLongOnesAreRead) {
  EXPECT_THAT(numbers("a,b\n1e-60,0." + std::string(300, '0') + "1\n1" + std::string(20, '0') + ",-0\n"),
              ElementsAre(0.0F, 0.0F, 1e20F, 0.0F));
}

TEST(CsvTest, WhatIsMissingIsNan) {
  EXPECT_THAT(numbers("a,b,c,d\n,  ,\"\",1\nNA,nan,NULL,2\n"),
              ElementsAre(IsNan(), IsNan(), IsNan(), 1, IsNan(), IsNan(), IsNan(), 2));
}

TEST(CsvTest, AColumnWithATextIsOneOfTexts) {
  const Table table = read("a,b,c\n1,red,\n2,blue,\n3,red,\n,NA,x\n", {.kind = Kind::undecided});
  ASSERT_TRUE(table.rows) << table.rows.error().message;
  EXPECT_EQ(table.columns[0].kind, Kind::numbers);
  EXPECT_EQ(table.columns[1].kind, Kind::texts);
  EXPECT_THAT(table.columns[1].texts.texts(), ElementsAre("red", "blue"));
  EXPECT_THAT(table.columns[2].texts.texts(), ElementsAre("x"));
  EXPECT_THAT(table.rows->features, ElementsAre(1, 0, IsNan(), 2, 1, IsNan(), 3, 0, IsNan(), IsNan(), IsNan(), 0));
}

TEST(CsvTest, TextsAreTakenByteForByteAndQuotesMakeMissingNamesTexts) {
  const Table table = read("a\n x\nx\n\"NA\"\n\"nan\"\nX\n\"a,\"\"b\"\n", {.kind = Kind::undecided});
  ASSERT_TRUE(table.rows) << table.rows.error().message;
  EXPECT_THAT(table.columns[0].texts.texts(), ElementsAre(" x", "x", "NA", "nan", "X", "a,\"b"));
}

TEST(CsvTest, NumbersBeforeATextAreTextsToo) {
  const std::string text = "a,b,c\n1,1,x\n01,,y\n1e39,3,x\ninf,4,x\n-,5,\n";
  for (const std::size_t block : {1U, 7U, 1U << 20U}) {
    const Table table = read(text, {.kind = Kind::undecided}, block);
    ASSERT_TRUE(table.rows) << table.rows.error().message;
    EXPECT_THAT(table.columns[0].texts.texts(), ElementsAre("1", "01", "1e39", "inf", "-"));
    EXPECT_EQ(table.columns[1].kind, Kind::numbers);
    EXPECT_THAT(table.columns[2].texts.texts(), ElementsAre("x", "y"));
    EXPECT_THAT(table.rows->features, ElementsAre(0, 1, 0, 1, IsNan(), 1, 2, 3, 0, 3, 4, 0, 4, 5, IsNan()));
  }
}

TEST(CsvTest, InfiniteValuesAreErrorsOfColumnsOfNumbersOnly) {
  const CsvColumn undecided{.kind = Kind::undecided};
  EXPECT_EQ(error("a,b\n1,1\n2,inf\n1e99,3\n", undecided), "data.csv:3:2: column 'b': 'inf' is not a finite number");
  EXPECT_EQ(error("a,b\n1,1\n2,inf\n1e99,x\n", undecided),
            "data.csv:4:1: column 'a': '1e99' is too large for a 32-bit float");
  EXPECT_EQ(error("a,b\n-,1\n2,inf\n1e99,x\n", undecided), "no error");
  EXPECT_THAT(read("a\ninf\nx\n", undecided).columns[0].texts.texts(), ElementsAre("inf", "x"));
}

TEST(CsvTest, WhereTextsMayNotFollowNumbers) {
  const CsvColumn uniform{.kind = Kind::undecided, .may_mix = false};
  EXPECT_EQ(error("a\n1\nx\n", uniform), "data.csv:3:1: column 'a': 'x' is not a number");
  EXPECT_EQ(error("a\n1\ninf\n", uniform), "data.csv:3:1: column 'a': 'inf' is not a finite number");
  EXPECT_EQ(error("a\nNA\nx\n1\n", uniform), "no error");
}

TEST(CsvTest, TextsThatAreComplete) {
  const CsvColumn known{.kind = Kind::texts, .is_complete = true, .texts = Categories({"b", "1"})};
  const Table table = read("a\n1\nb\n1.0\nc\n\n", known);
  ASSERT_TRUE(table.rows) << table.rows.error().message;
  EXPECT_THAT(table.rows->features, ElementsAre(1, 0, IsNan(), IsNan()));
}

TEST(CsvTest, TooManyTextsAndZeroBytes) {
  const CsvColumn two{.kind = Kind::undecided, .max_texts = 2};
  EXPECT_EQ(error("x\na\nb\na\n", two), "no error");
  EXPECT_EQ(error("x\na\nb\na\nc\n", two), "data.csv:5:1: column 'x': more than 2 categories");
  EXPECT_EQ(error(std::string("x,y\na,b\nc\0,1\n", 13), {.kind = Kind::undecided}),
            "data.csv:3:1: column 'x': 'c\\x00' has a zero byte: is this a CSV file?");
  std::string text = "x\n";
  for (int i = 0; i < 65536; ++i) text += format("id%d\n", i);
  EXPECT_EQ(read(text, {.kind = Kind::undecided}).rows.value().features.back(), 65535);
  EXPECT_EQ(read(text + "more\n", {.kind = Kind::undecided}).rows.error().message,
            "data.csv:65538:1: column 'x': more than 65536 categories");
}

TEST(CsvTest, AnErrorThatIsKeptEndsItsColumnOnly) {
  auto file = open("x,y\n1,2\n3,z\n5,w\n");
  ASSERT_TRUE(file);
  std::vector<CsvColumn> columns = {{.kind = Kind::numbers, .place = 0},
                                    {.kind = Kind::numbers, .place = 1, .required = true, .keeps_error = true}};
  const auto rows = file->read(columns, 1);
  ASSERT_TRUE(rows);
  EXPECT_THAT(rows->features, ElementsAre(1, 3, 5));
  EXPECT_EQ(columns[1].error, "data.csv:3:2: column 'y': 'z' is not a number");
}

// Tables of numbers, texts and missing values, written and read back.
TEST(CsvTest, ReadsBackWhatIsWritten) {
  std::mt19937 random(11);
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random()) % bound; };
  const std::vector<std::string> kTexts = {"red", "a,b", "say \"x\"", "two\nlines", " ", "7", "NA", "é", "\r"};
  for (int run = 0; run < 200; ++run) {
    const std::size_t n_columns = 2 + below(5);
    const std::size_t n_rows = 1 + below(20);
    std::vector<bool> is_text(n_columns);
    std::vector<float> expected;
    std::string text;
    for (std::size_t i = 0; i < n_columns; ++i) {
      is_text[i] = below(2) == 0;
      text += format("%sc%zu", i == 0 ? "" : ",", i);
    }
    std::vector<Categories> texts(n_columns);
    const char* line_end = below(2) == 0 ? "\n" : "\r\n";
    text += line_end;
    for (std::size_t row = 0; row < n_rows; ++row) {
      for (std::size_t i = 0; i < n_columns; ++i) {
        if (i > 0) text += ',';
        if (below(5) == 0 && (row > 0 || !is_text[i])) {
          text += below(2) == 0 ? "" : "NA";
          expected.push_back(kNan);
        } else if (is_text[i]) {
          const std::string& value = row == 0 ? kTexts[0] : kTexts[below(kTexts.size())];
          text += '"';
          for (const char c : value) text += c == '"' ? "\"\"" : std::string(1, c);
          text += '"';
          expected.push_back(value == " " ? kNan : static_cast<float>(texts[i].add(value)));
        } else {
          const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
          const float finite = std::isfinite(value) ? value : 1.0F;
          text += format("%.9g", double{finite});
          expected.push_back(finite);
        }
      }
      text += line_end;
    }
    for (const std::size_t block : {1 + below(64), CsvReader::kBlockBytes}) {
      const Table table = read(text, {.kind = Kind::undecided}, block);
      ASSERT_TRUE(table.rows) << table.rows.error().message << "\n" << text;
      EXPECT_THAT(table.rows->features, testing::Pointwise(NanSensitiveFloatEq(), expected)) << text;
      for (std::size_t i = 0; i < n_columns; ++i) EXPECT_EQ(table.columns[i].texts.texts(), texts[i].texts());
    }
  }
}

TEST(CsvTest, ManyColumnsAndLongLines) {
  constexpr std::size_t kColumns = 100000;
  std::string text;
  for (std::size_t i = 0; i < kColumns; ++i) text += format(i == 0 ? "c%zu" : ",c%zu", i);
  text += '\n';
  for (std::size_t row = 0; row < 2; ++row) {
    for (std::size_t i = 0; i < kColumns; ++i) text += format(i == 0 ? "%zu" : ",%zu", i + row);
    text += '\n';
  }
  const std::vector<float> values = numbers(text);
  ASSERT_EQ(values.size(), 2 * kColumns);
  EXPECT_EQ(values[kColumns], 1);
  EXPECT_EQ(values.back(), static_cast<float>(kColumns));
  EXPECT_THAT(numbers("a,b\n1," + std::string(10'000'000, ' ') + "2\n"), ElementsAre(1, 2));
  EXPECT_THAT(number_error("a,b\n1," + std::string(1000, 'x') + "\n"), HasSubstr("…' is not a number"));
}

TEST(CsvTest, EveryTruncationIsReadOrRefused) {
  const std::string text = "a,\"b\"\r\n1,\"x\"\r\n\"2\",\"y\"\"\"\r\n";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    for (const std::size_t block : {1U, 3U, 64U}) {
      const Table table = read(text.substr(0, size), {.kind = Kind::undecided}, block);
      if (table.rows) {
        EXPECT_GE(table.rows->n_rows, 1U);
      }
      if (!table.rows) {
        EXPECT_THAT(table.rows.error().message, HasSubstr("data.csv")) << size;
      }
    }
  }
}

}  // namespace
}  // namespace wasm_ml
