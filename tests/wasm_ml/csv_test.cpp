#include "csv.hpp"

#include <gmock/gmock.h>

#include <numeric>

namespace wasm_ml {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string header_error(const std::string& text) {
  const auto file = CsvFile::parse("data.csv", text);
  return file ? "no error" : file.error().message;
}

Result<std::vector<float>> all_numbers(const std::string& text) {
  const auto file = CsvFile::parse("data.csv", text);
  if (!file) return std::unexpected(file.error());
  std::vector<std::size_t> columns(file->header().size());
  std::iota(columns.begin(), columns.end(), 0);
  return file->numbers(columns);
}

std::string number_error(const std::string& text) {
  const auto numbers = all_numbers(text);
  return numbers ? "no error" : numbers.error().message;
}

TEST(CsvTest, ReadsHeaderAndNumbers) {
  const auto file = CsvFile::parse("data.csv", "a,b\n1,2.5\n-3e2,+.5\n");
  ASSERT_TRUE(file);
  EXPECT_THAT(file->header(), ElementsAre("a", "b"));
  const std::size_t columns[] = {1, 0};
  EXPECT_THAT(file->numbers(columns).value(), ElementsAre(2.5F, 1.0F, 0.5F, -300.0F));
}

TEST(CsvTest, TakesCrLfByteOrderMarkQuotesAndAMissingLastLineEnd) {
  const auto file = CsvFile::parse("data.csv", "\xef\xbb\xbf\"a, b\",\"say \"\"c\"\"\"\r\n\"1\", 2 \r\n3,4");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_THAT(file->header(), ElementsAre("a, b", "say \"c\""));
  const std::size_t columns[] = {0, 1};
  EXPECT_THAT(file->numbers(columns).value(), ElementsAre(1.0F, 2.0F, 3.0F, 4.0F));
}

TEST(CsvTest, TakesBlankLinesAtTheEndOnly) {
  EXPECT_TRUE(all_numbers("a,b\n1,2\n\n\r\n"));
  EXPECT_EQ(number_error("a,b\n1,2\n\n3,4\n"), "data.csv:3:1: the line is blank");
}

TEST(CsvTest, ColumnsThatAreNotAskedForMayHoldAnything) {
  const auto file = CsvFile::parse("data.csv", "id,x\nrow one,1\n,2\n");
  ASSERT_TRUE(file);
  const std::size_t columns[] = {1};
  EXPECT_THAT(file->numbers(columns).value(), ElementsAre(1.0F, 2.0F));
}

TEST(CsvTest, NamesTheTroubleWithAHeader) {
  EXPECT_EQ(header_error(""), "data.csv: the file is empty");
  EXPECT_EQ(header_error("\xef\xbb\xbf"), "data.csv: the file is empty");
  EXPECT_EQ(header_error("\n1,2\n"), "data.csv:1:1: no header: the line is blank");
  EXPECT_EQ(header_error("a,b,0.5\n"), "data.csv:1:3: no header: this is the number 0.5");
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
  for (const char* text : {"nan", "NaN", "inf", "-Infinity"}) {
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
}

TEST(CsvTest, NamesRaggedRowsAndMissingRows) {
  EXPECT_EQ(number_error("a,b,c\n1,2,3\n4,5\n"), "data.csv:3:3: the header has 3 fields, this line has 2");
  EXPECT_EQ(number_error("a,b\n1,2,3\n"), "data.csv:2:3: the header has 2 fields, this line has 3");
  EXPECT_EQ(number_error("a,b\n"), "data.csv: there are no data rows after the header");
  EXPECT_EQ(number_error("a,b"), "data.csv: there are no data rows after the header");
}

TEST(CsvTest, TinyNumbersBecomeZeroAndLongOnesAreRead) {
  const auto numbers = all_numbers("a,b\n1e-60,0." + std::string(300, '0') + "1\n1" + std::string(20, '0') + ",-0\n");
  ASSERT_TRUE(numbers) << numbers.error().message;
  EXPECT_THAT(*numbers, ElementsAre(0.0F, 0.0F, 1e20F, 0.0F));
}

}  // namespace
}  // namespace wasm_ml
