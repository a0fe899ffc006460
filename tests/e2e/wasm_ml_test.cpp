// The random forest module, from CSV files to predictions.
#include "e2e/wasm_ml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

TEST(WasmMl, TrainsTheSameModelForOneSeed) {
  const TempFolder folder;
  for (const char* model : {"a.model", "b.model"}) {
    const Outcome outcome = train(folder, model);
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_EQ(outcome.err, "");  // no progress line where nobody watches
  }
  EXPECT_EQ(train(folder, "c.model", "43").exit_code, 0);
  const std::string model = read_file(folder.path() / "a.model");
  EXPECT_EQ(read_file(folder.path() / "b.model"), model);
  EXPECT_NE(read_file(folder.path() / "c.model"), model);
}

TEST(WasmMl, PredictsOneLineARow) {
  const TempFolder folder;
  ASSERT_EQ(train(folder, "model").exit_code, 0);
  const Outcome outcome = wasm_ml(folder, {"predict", "--model", "model", "--data", "/data/diabetes_test.csv"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  std::istringstream lines(outcome.out);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "prediction");
  std::size_t rows = 0;
  for (; std::getline(lines, line); ++rows) {
    const double prediction = std::stod(line);
    EXPECT_GE(prediction, 25);  // the target's range
    EXPECT_LE(prediction, 346);
  }
  const std::string test_file = read_file(WGH_DATA_DIR "/diabetes_test.csv");
  EXPECT_EQ(rows, static_cast<std::size_t>(std::ranges::count(test_file, '\n')) - 1);

  const Outcome to_file = wasm_ml(
      folder, {"predict", "--model", "model", "--data", "/data/diabetes_test.csv", "--output", "predictions.csv"});
  EXPECT_EQ(to_file.exit_code, 0) << to_file;
  EXPECT_EQ(to_file.out, "");
  EXPECT_EQ(read_file(folder.path() / "predictions.csv"), outcome.out);
}

TEST(WasmMl, TellsWhatIsInAModel) {
  const TempFolder folder;
  ASSERT_EQ(train(folder, "model", "7").exit_code, 0);
  const Outcome outcome = wasm_ml(folder, {"info", "--model", "model"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.out, testing::ContainsRegex("\ntrees +20\n"));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("\nseed +7\n"));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("\ntarget +target\n"));
  for (const char* feature : {"age", "sex", "bmi", "bp", "s1", "s6"}) EXPECT_THAT(outcome.out, HasSubstr(feature));
}

TEST(WasmMl, BenchEndsWithOneLineOfJson) {
  const TempFolder folder;
  const Outcome outcome =
      wasm_ml(folder, {"bench", "--train", "/data/diabetes_train.csv", "--test", "/data/diabetes_test.csv"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  ASSERT_TRUE(outcome.out.ends_with("}\n")) << outcome;
  const std::size_t begin = outcome.out.rfind('\n', outcome.out.size() - 2) + 1;
  EXPECT_GT(begin, 1u) << "no table before it";
  const auto report = nlohmann::json::parse(outcome.out.substr(begin));
  std::vector<std::string> keys;
  for (const auto& item : report.items()) keys.push_back(item.key());
  EXPECT_THAT(keys, testing::UnorderedElementsAre("gpu_device", "gpu_backend", "training_ms", "inference_ms", "mse",
                                                  "r2", "train_samples", "test_samples"));
  EXPECT_TRUE(report.at("gpu_device").is_string());
  EXPECT_THAT(report.at("gpu_backend").get<std::string>(), testing::AnyOf("cpu", "cuda", "webgpu"));
  EXPECT_GT(report.at("training_ms").get<double>(), 0);
  EXPECT_GT(report.at("inference_ms").get<double>(), 0);
  EXPECT_GT(report.at("mse").get<double>(), 0);
  EXPECT_GE(report.at("r2").get<double>(), 0.41);
  EXPECT_LT(report.at("r2").get<double>(), 1);
  EXPECT_EQ(report.at("train_samples"), 353);
  EXPECT_EQ(report.at("test_samples"), 89);
}

TEST(WasmMl, WrongCommandLines) {
  const TempFolder folder;
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"nosuch"}, {"train"}, {"train", "--data", "x", "--model", "y", "--trees", "0"}}) {
    const Outcome outcome = wasm_ml(folder, arguments);
    EXPECT_EQ(outcome.exit_code, kUsageError) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("--help"));
  }
}

}  // namespace
}  // namespace gpu_host::e2e
