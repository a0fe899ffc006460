// The random forest module on NumPy's arrays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ranges>

#include "e2e/npy.hpp"
#include "e2e/wasm_ml.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

constexpr std::size_t kRows = 40;
constexpr std::size_t kColumns = 4;  // the last one is a function of the others

std::vector<float> table() {
  std::vector<float> values;
  for (std::size_t row = 0; row < kRows; ++row) {
    const auto a = static_cast<float>(row % 7) / 4;
    const auto b = static_cast<float>(row % 5) - 2;
    const auto c = static_cast<float>(row % 11);
    for (const float value : {a, b, c, static_cast<float>(static_cast<int>(2 * a * b + c) % 3)})
      values.push_back(value);
  }
  return values;
}

std::string csv_of(const std::vector<float>& values) {
  std::ostringstream csv;
  csv << "a,b,c,d\n";
  for (std::size_t i = 0; i < values.size(); ++i) csv << values[i] << (i % kColumns + 1 < kColumns ? "," : "\n");
  return csv.str();
}

template <class T>
std::vector<T> columns(std::size_t begin, std::size_t end, bool by_column = false) {
  const std::vector<float> values = table();
  std::vector<T> chosen;
  const std::size_t width = end - begin;
  for (std::size_t i = 0; i < kRows * width; ++i) {
    const std::size_t row = by_column ? i % kRows : i / width;
    const std::size_t column = begin + (by_column ? i / kRows : i % width);
    chosen.push_back(static_cast<T>(values[row * kColumns + column]));
  }
  return chosen;
}

class WasmMlNpy : public testing::Test {
 protected:
  void SetUp() override {
    folder_.add("table.csv", csv_of(table()));
    folder_.add("table.npy", npy_file("<f4", "(40, 4)", bytes_of(table())));
  }
  [[nodiscard]] Outcome run(const std::vector<std::string>& arguments) const {
    return wasm_ml(folder_, arguments, "cpu");
  }
  [[nodiscard]] Outcome learn(const std::string& data, const std::string& model,
                              const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"train", "--data", data, "--model", model, "--trees", "9"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  [[nodiscard]] std::string predict(const std::string& model, const std::string& data) const {
    const Outcome outcome = run({"predict", "--model", model, "--data", data});
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    return outcome.out;
  }
  TempFolder folder_;
};

TEST_F(WasmMlNpy, AnArrayIsATableWhoseColumnsHaveNumbers) {
  ASSERT_EQ(learn("table.csv", "csv.model").exit_code, 0);
  ASSERT_EQ(learn("table.npy", "npy.model").exit_code, 0);
  EXPECT_EQ(predict("npy.model", "table.npy"), predict("csv.model", "table.csv"));
  ASSERT_EQ(learn("table.csv", "csv.model", {"--target", "b"}).exit_code, 0);
  ASSERT_EQ(learn("table.npy", "npy.model", {"--target", "1"}).exit_code, 0);
  EXPECT_EQ(predict("npy.model", "table.npy"), predict("csv.model", "table.csv"));
  const auto info = nlohmann::json::parse(run({"info", "--model", "npy.model", "--json"}).out);
  EXPECT_EQ(info.at("target"), "1");
  EXPECT_EQ(info.at("features")[1].at("name"), "2");
}

TEST_F(WasmMlNpy, TheTargetMayBeAnArrayOfItsOwn) {
  ASSERT_EQ(learn("table.npy", "model").exit_code, 0);
  // By columns, and in types that NumPy likes.
  folder_.add("x.npy", npy_file("<f8", "(40, 3)", bytes_of(columns<double>(0, 3, true)), "True"));
  folder_.add("y.npy", npy_file("<i8", "(40,)", bytes_of(columns<std::int64_t>(3, 4))));
  ASSERT_EQ(learn("x.npy", "apart.model", {"--target", "y.npy"}).exit_code, 0);
  EXPECT_EQ(predict("apart.model", "x.npy"), predict("model", "x.npy"));
  const auto info = nlohmann::json::parse(run({"info", "--model", "apart.model", "--json"}).out);
  EXPECT_EQ(info.at("target"), "y");
}

TEST_F(WasmMlNpy, PredictionsAreAnArrayWhereTheFileIsOne) {
  ASSERT_EQ(learn("table.npy", "model").exit_code, 0);
  const Outcome outcome = run({"predict", "--model", "model", "--data", "table.npy", "--output", "out.npy"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("against column '3': MSE "));
  const FloatArray array = read_floats(read_file(folder_.path() / "out.npy"));
  EXPECT_THAT(array.header, HasSubstr("'descr': '<f4'"));
  EXPECT_THAT(array.header, HasSubstr("'shape': (40,)"));
  std::vector<float> expected;
  for (const double number : numbers_of(predict("model", "table.npy"))) expected.push_back(static_cast<float>(number));
  EXPECT_EQ(array.values, expected);
}

TEST_F(WasmMlNpy, OfAClassificationTheyAreProbabilities) {
  ASSERT_EQ(learn("table.npy", "model", {"--task", "classification"}).exit_code, 0);
  ASSERT_EQ(run({"predict", "--model", "model", "--data", "table.npy", "--output", "out.npy"}).exit_code, 0);
  const FloatArray array = read_floats(read_file(folder_.path() / "out.npy"));
  const auto info = nlohmann::json::parse(run({"info", "--model", "model", "--json"}).out);
  const std::size_t n_classes = info.at("classes").size();
  EXPECT_GT(n_classes, 2U);
  EXPECT_THAT(array.header, HasSubstr("'shape': (40, " + std::to_string(n_classes) + ")"));
  const Outcome csv = run({"predict", "--model", "model", "--data", "table.npy", "--probabilities"});
  const std::vector<std::string> lines = lines_of(csv.out);
  ASSERT_EQ(lines.size(), kRows + 1);
  ASSERT_EQ(array.values.size(), kRows * n_classes);
  for (std::size_t row = 0; row < kRows; ++row) {
    std::istringstream line(lines[row + 1].substr(lines[row + 1].find(',') + 1));
    for (std::size_t c = 0; c < n_classes; ++c) {
      std::string field;
      std::getline(line, field, ',');
      EXPECT_EQ(array.values[row * n_classes + c], std::stof(field)) << row;
    }
  }
}

TEST_F(WasmMlNpy, BadArraysAreRefusedByName) {
  const std::string good = bytes_of(table());
  const struct {
    std::string file;
    std::string says;
  } cases[] = {
      {"", "truncated"},
      {"name,value\n1,2\n", "no .npy file"},
      {npy_file("<f4", "(40, 4)", good).substr(0, 300), "bytes of elements"},
      {npy_file("<f4", "(40, 4)", good + "more"), "bytes of elements"},
      {npy_file(">f4", "(40, 4)", good), "big-endian"},
      {npy_file("|O", "(40, 4)", good), "elements of type '|O'"},
      {npy_file("<f4", "(2, 20, 4)", good), "an array of 3 dimensions"},
      {npy_file("<f4", "(0, 4)", ""), "the array is empty"},
      {npy_file("<f4", "(18446744073709551615, 18446744073709551615)", good), "bad.npy"},
      {npy_file("<f4", "(4294967296, 4294967296)", good), "bad.npy"},
      {npy_file("<f4", "(1, 2)", std::string("\0\0\x80\x7F\0\0\0\0", 8)), "[0, 0] is infinite"},
  };
  folder_.add("model", "what was there before");
  for (const auto& [file, says] : cases) {
    folder_.add("bad.npy", file);
    const Outcome outcome = learn("bad.npy", "model");
    EXPECT_EQ(outcome.exit_code, 1) << outcome;
    EXPECT_THAT(outcome.err, testing::AllOf(HasSubstr("bad.npy"), HasSubstr(says)));
  }
  EXPECT_EQ(read_file(folder_.path() / "model"), "what was there before");
}

TEST_F(WasmMlNpy, ArraysThatDoNotSuitTheModelAreRefused) {
  ASSERT_EQ(learn("table.npy", "model").exit_code, 0);
  folder_.add("narrow.npy", npy_file("<f4", "(40, 2)", bytes_of(columns<float>(0, 2))));
  const Outcome narrow = run({"predict", "--model", "model", "--data", "narrow.npy"});
  EXPECT_EQ(narrow.exit_code, 1) << narrow;
  EXPECT_THAT(narrow.err, HasSubstr("narrow.npy: the model's feature '2' is missing from the array"));
  folder_.add("texts.csv", "a,b,c,d\nx,1,2,3\ny,2,3,4\n");
  ASSERT_EQ(learn("texts.csv", "texts.model").exit_code, 0);
  const Outcome texts = run({"predict", "--model", "texts.model", "--data", "table.npy"});
  EXPECT_EQ(texts.exit_code, 1) << texts;
  EXPECT_THAT(texts.err, HasSubstr("table.npy: the model's feature 'a' is one of texts"));
  const Outcome rows = learn("table.npy", "new", {"--target", "short.npy"});
  EXPECT_EQ(rows.exit_code, 1) << rows;
  folder_.add("short.npy", npy_file("<f4", "(3,)", bytes_of(std::vector<float>(3))));
  EXPECT_THAT(learn("table.npy", "new", {"--target", "short.npy"}).err, HasSubstr("short.npy: 3 rows, but"));
}

}  // namespace
}  // namespace gpu_host::e2e
