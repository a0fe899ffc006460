#include "number.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "text.hpp"

namespace wasm_ml {
namespace {

// The C library rounds correctly.
void expect_as_strtof(const std::string& text) {
  const float expected = std::strtof(text.c_str(), nullptr);
  const ParsedNumber parsed = parse_number(text);
  if (std::isinf(expected)) {
    EXPECT_EQ(parsed.problem, NumberProblem::too_large) << text;
    return;
  }
  ASSERT_EQ(parsed.problem, NumberProblem::none) << text;
  EXPECT_EQ(std::bit_cast<std::uint32_t>(parsed.value), std::bit_cast<std::uint32_t>(expected)) << text;
  float scanned = 0;
  const std::string padded = text + "," + std::string(kScanPadding, '\0');
  const char* end = scan_number(padded.data(), scanned);
  if (end == nullptr) return;
  EXPECT_EQ(end, padded.data() + text.size()) << text;
  EXPECT_EQ(std::bit_cast<std::uint32_t>(scanned), std::bit_cast<std::uint32_t>(expected)) << text;
}

// How many of these texts the fast path reads.
template <class Text>
int scanned_of(int n, const Text& text) {
  int scanned = 0;
  for (int i = 0; i < n; ++i) {
    const std::string padded = text() + "," + std::string(kScanPadding, '\0');
    float value = 0;
    scanned += scan_number(padded.data(), value) != nullptr ? 1 : 0;
  }
  return scanned;
}

TEST(NumberTest, RoundsAnyDecimalAsTheCLibraryDoes) {
  std::mt19937_64 random(1);
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  for (int i = 0; i < 200000; ++i) {
    std::string text = below(2) == 0 ? "" : below(2) == 0 ? "-" : "+";
    const auto digits = [&](std::uint64_t count) {
      for (std::uint64_t k = 0; k < count; ++k) text += static_cast<char>('0' + below(10));
    };
    digits(1 + below(10));
    if (below(3) != 0) {
      text += '.';
      digits(below(22));
    }
    if (below(3) == 0) text += format("e%d", static_cast<int>(below(120)) - 70);
    expect_as_strtof(text);
  }
}

TEST(NumberTest, EveryFloatReadsBackAsItself) {
  std::mt19937 random(2);
  for (int i = 0; i < 200000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (!std::isfinite(value)) continue;
    for (const std::string& text :
         {format("%.9g", double{value}), format("%.17g", double{value}), format("%.9e", double{value})}) {
      const ParsedNumber parsed = parse_number(text);
      ASSERT_EQ(parsed.problem, NumberProblem::none) << text;
      ASSERT_EQ(std::bit_cast<std::uint32_t>(parsed.value), std::bit_cast<std::uint32_t>(value)) << text;
    }
  }
}

// The middles between two f32, and what lies just beside them.
TEST(NumberTest, RoundsMiddlesToEvenAndTheirNeighboursAway) {
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    const auto low = std::bit_cast<float>(static_cast<std::uint32_t>(random()) & 0x7fffffffU);
    if (!std::isfinite(low)) continue;
    const double middle = (double{low} + double{std::nextafter(low, std::numeric_limits<float>::infinity())}) / 2;
    if (std::isinf(middle)) continue;
    for (const double near : {middle, std::nextafter(middle, 0.0), std::nextafter(middle, 1e300)}) {
      expect_as_strtof(format("%.17g", near));
      expect_as_strtof(format("%.25g", near));
      expect_as_strtof(format("%.60g", near));
    }
  }
  for (int i = 0; i < 20000; ++i) {  // of eight digits
    expect_as_strtof(format("%s%u.5", i % 2 == 0 ? "" : "-", 8388608 + static_cast<unsigned>(random() % 1611392)));
  }
  expect_as_strtof("16777217");
  expect_as_strtof("33554433");
  expect_as_strtof("16777217.0000000000000000001");
  expect_as_strtof("9007199791611905");  // more than f64 tells apart
}

TEST(NumberTest, TheEndsOfTheRange) {
  for (const char* text : {"3.4028235e38",
                           "3.40282356e38",
                           "3.4028235677973366e38",
                           "3.4028235677973367e38",
                           "3.5e38",
                           "1e39",
                           "1e400",
                           "1.17549435e-38",
                           "1.1754943e-38",
                           "1.1754942807573643e-38",
                           "1e-38",
                           "1.4e-45",
                           "7.006492321624085e-46",
                           "7.006492321624086e-46",
                           "1e-46",
                           "1e-400",
                           "0e999",
                           "-0",
                           "0.0",
                           "1e-0",
                           "00000000000000000000000000000001",
                           "1e0000001"}) {
    expect_as_strtof(text);
  }
}

TEST(NumberTest, TheFastPathTakesWhatIsUsual) {
  std::mt19937 random(4);
  std::uniform_real_distribution<double> unit(-1, 1);
  EXPECT_EQ(scanned_of(1000, [&] { return format("%.6f", unit(random)); }), 1000);
  EXPECT_EQ(scanned_of(1000, [&] { return format("%.9g", unit(random)); }), 1000);
  EXPECT_EQ(scanned_of(1000, [&] { return format("%.17g", unit(random)); }), 1000);
  EXPECT_EQ(scanned_of(1000, [&] { return format("%.16e", unit(random)); }), 1000);
  EXPECT_EQ(scanned_of(1000, [&] { return format(" %d", static_cast<int>(1e9 * unit(random))); }), 1000);
}

TEST(NumberTest, TheFastPathLeavesWhatIsNoNumber) {
  float value = 0;
  for (const char* text : {"", ",", "-", ".", "-.e1", "e5", "1e", "1e+", "--1", "nan", "x"}) {
    EXPECT_EQ(scan_number((text + std::string(kScanPadding, '\0')).c_str(), value), nullptr) << text;
  }
  const std::string text = "1.5x" + std::string(kScanPadding, '\0');
  EXPECT_EQ(scan_number(text.data(), value), text.data() + 3);
  EXPECT_EQ(value, 1.5F);
}

TEST(NumberTest, WhatIsMissingAndWhatIsNoNumber) {
  const auto problem = [](const std::string& text) { return parse_number(text).problem; };
  for (const char* text : {"", " ", "\t "}) EXPECT_EQ(problem(text), NumberProblem::blank);
  for (const char* text : {"NA", "N/A", "<NA>", "NULL", "null", "nan", "NaN", "NAN", "-nan", "+NaN", " NA "}) {
    EXPECT_EQ(problem(text), NumberProblem::missing) << text;
  }
  for (const char* text : {"inf", "-Inf", "INFINITY", "+infinity"}) {
    EXPECT_EQ(problem(text), NumberProblem::not_finite) << text;
  }
  for (const char* text :
       {"na", "None", "n/a", "nano", "--nan", "-", "1,5", "0x10", "1.2.3", "1 2", "infinit", "1e5e"}) {
    EXPECT_EQ(problem(text), NumberProblem::not_a_number) << text;
  }
  EXPECT_EQ(parse_number(std::string("1\0", 2)).problem, NumberProblem::not_a_number);
}

TEST(NumberTest, AnyByteThatIsNoDigitEndsANumber) {
  for (int byte = 1; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    const std::string text = std::string("12") + c + std::string("3,") + std::string(kScanPadding, '\0');
    float value = 0;
    const char* end = scan_number(text.data(), value);
    if (std::string_view("0123456789.eE").contains(c)) {
      EXPECT_EQ(end, text.data() + 4) << byte;
    } else {
      EXPECT_EQ(end, text.data() + 2) << byte;
      EXPECT_EQ(value, 12) << byte;
    }
  }
}

TEST(NumberTest, LongTexts) {
  expect_as_strtof("0." + std::string(300, '0') + "1");
  expect_as_strtof(std::string(300, '0') + "1");
  expect_as_strtof("1" + std::string(38, '0'));
  expect_as_strtof("1" + std::string(39, '0'));
  expect_as_strtof(std::string(100000, '7') + "e-100000");
}

}  // namespace
}  // namespace wasm_ml
