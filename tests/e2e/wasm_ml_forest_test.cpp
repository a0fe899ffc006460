// How the random forest module trains: by the host's engine, or through the 0.1.0 kernels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>

#include "e2e/wasm_ml.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> training(const std::string& model, const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"train", "--data", "/data/diabetes_train.csv", "--model", model};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(WasmMlForest, TakesFewHostCallsWhateverItsSize) {
  const TempFolder folder;
  for (const std::string trees : {"1", "500"}) {
    const Outcome outcome = wasm_ml_with({"--backend", "cpu", "--stats=json"}, WGH_WASM_ML, folder,
                                         training("model", {"--trees", trees, "--max-depth", "none", "--oob-score"}));
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
    std::uint64_t calls = 0;
    const auto stats = nlohmann::json::parse(outcome.err);
    for (const auto& function : stats.at("functions")) {
      calls += function.at("calls").get<std::uint64_t>();
    }
    EXPECT_GT(calls, 10U);
    EXPECT_LE(calls, 20U) << outcome;
  }
}

TEST(WasmMlForest, IsTheSameForAnyNumberOfThreads) {
  const TempFolder folder;
  for (const std::string threads : {"1", "2"}) {
    const Outcome outcome = wasm_ml_with({"--backend", "cpu", "-G", "threads=" + threads}, WGH_WASM_ML, folder,
                                         training("model-" + threads, {"--trees", "15", "--max-features", "third"}));
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  }
  EXPECT_EQ(read_file(folder.path() / "model-1"), read_file(folder.path() / "model-2"));
}

TEST(WasmMlForest, TellsWhatMattersAndHowGoodItIs) {
  const TempFolder folder;
  const Outcome outcome = wasm_ml_with({"--backend", "cpu"}, WGH_WASM_ML, folder, training("model", {"--oob-score"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.out, testing::ContainsRegex("\nout of bag: MSE 3[0-9.]+, R2 0\\.4[0-9]+ over 353 rows\n"));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("\nmost important: 'bmi' 0\\.[0-9]+, 's5' 0"));
}

TEST(WasmMlForest, WarnsOfConstantColumns) {
  const TempFolder folder;
  folder.add("data.csv", "a,same,y\n1,5,1\n2,5,2\n");
  const Outcome outcome = wasm_ml(folder, {"train", "--data", "data.csv", "--model", "model"}, "cpu");
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.err, "wasm_ml: warning: one value in all rows, so that no tree can use it: 'same'\n");
}

TEST(WasmMlForest, TheOlderModuleUsesTheKernelsAndSaysSo) {
  EXPECT_THAT(read_file(WGH_WASM_ML_0_1), Not(HasSubstr("@0.2.0")));
  EXPECT_THAT(read_file(WGH_WASM_ML), Not(HasSubstr("@0.1.0")));
  const TempFolder folder;
  const Outcome trained = wasm_ml_with({"--backend", "cpu"}, WGH_WASM_ML_0_1, folder,
                                       training("model", {"--trees", "5", "--max-depth", "4"}));
  EXPECT_EQ(trained.exit_code, 0) << trained;
  EXPECT_EQ(trained.err,
            "wasm_ml: note: this module is built for hosts of wasi:gpu 0.1.0: the 0.1.0 kernels train, with a host "
            "call for each node and feature\n");
  const std::string model = read_file(folder.path() / "model");
  const Outcome refused =
      wasm_ml_with({"--backend", "cpu"}, WGH_WASM_ML_0_1, folder, training("model", {"--no-bootstrap"}));
  EXPECT_EQ(refused.exit_code, 1) << refused;
  EXPECT_THAT(refused.err, HasSubstr("'--no-bootstrap'"));
  EXPECT_EQ(read_file(folder.path() / "model"), model);
}

TEST(WasmMlForest, TheOlderModulePredictsWhatTheNewerOneTrained) {
  const TempFolder folder;
  ASSERT_EQ(wasm_ml(folder, training("model", {"--trees", "30"}), "cpu").exit_code, 0);
  const std::vector<std::string> prediction{"predict", "--model", "model", "--data", "/data/diabetes_test.csv"};
  const Outcome newer = wasm_ml(folder, prediction, "cpu");
  const Outcome older = wasm_ml_with({"--backend", "cpu"}, WGH_WASM_ML_0_1, folder, prediction);
  EXPECT_EQ(older.exit_code, 0) << older;
  EXPECT_THAT(older.err, testing::StartsWith("wasm_ml: note: this module is built for hosts of wasi:gpu 0.1.0: the "
                                             "0.1.0 kernels predict\n"));
  const std::vector<double> expected = numbers_of(newer.out);
  const std::vector<double> predictions = numbers_of(older.out);
  ASSERT_EQ(predictions.size(), 89U);
  ASSERT_EQ(expected.size(), 89U);
  // Sums of trees in 32-bit floats there, exact ones here.
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(predictions[i], expected[i], 1e-6 * expected[i]) << i;
}

TEST(WasmMlForest, TheOlderModuleRefusesByNameWhatItCannotDo) {
  const TempFolder folder;
  folder.add("classes.csv", "a,b\n1,x\n2,y\n");
  folder.add("blanks.csv", "a,b\n1,2\n,3\n");
  ASSERT_EQ(wasm_ml(folder, {"train", "--data", "classes.csv", "--model", "classes"}, "cpu").exit_code, 0);
  const struct {
    std::vector<std::string> arguments;
    std::string says;
  } cases[] = {
      {{"train", "--data", "classes.csv", "--model", "new"}, "column 'b': classes are more than the 0.1.0 kernels"},
      {{"train", "--data", "blanks.csv", "--model", "new"}, "column 'a': missing values are more than the 0.1.0"},
      {{"predict", "--data", "classes.csv", "--model", "classes"}, "which the 0.1.0 kernels cannot predict"},
      {{"import", "--treelite", "blanks.csv", "--model", "new"}, "import needs a host of wasi:gpu 0.2.0"},
      {{"export", "--treelite", "new", "--model", "classes"}, "export needs a host of wasi:gpu 0.2.0"}};
  for (const auto& [arguments, says] : cases) {
    const Outcome outcome = wasm_ml_with({"--backend", "cpu"}, WGH_WASM_ML_0_1, folder, arguments);
    EXPECT_EQ(outcome.exit_code, 1) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr(says));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "new")) << outcome;
  }
}

TEST(WasmMlForest, ReadsModelsOfVersion1) {
  const TempFolder folder;
  folder.add("model", read_file(WGH_WASM_ML_MODELS_DIR "/version_1.model"));
  const Outcome outcome = wasm_ml(folder, {"predict", "--model", "model", "--data", "/data/diabetes_test.csv"}, "cpu");
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  const std::vector<double> expected = numbers_of(read_file(WGH_WASM_ML_MODELS_DIR "/version_1_predictions.csv"));
  const std::vector<double> predictions = numbers_of(outcome.out);
  ASSERT_EQ(predictions.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(predictions[i], expected[i], 1e-6 * expected[i]) << i;
  const Outcome info = wasm_ml(folder, {"info", "--model", "model"});
  EXPECT_THAT(info.out, testing::ContainsRegex("\nformat version +1\n"));
}

// Each in a folder of its own, which is all that it can reach.
TEST(WasmMlForest, TwoTenantsAtATimeDoNotMeet) {
  const TempFolder folders[2];
  std::vector<std::future<Outcome>> runs;
  for (std::size_t i = 0; i < 2; ++i) {
    runs.push_back(std::async(std::launch::async, [&folder = folders[i], i] {
      return wasm_ml(folder, training("model", {"--trees", "300", "--seed", std::to_string(i)}), "cpu");
    }));
  }
  for (auto& run : runs) EXPECT_EQ(run.get().exit_code, 0);
  for (std::size_t i = 0; i < 2; ++i) {
    const TempFolder alone;
    ASSERT_EQ(wasm_ml(alone, training("model", {"--trees", "300", "--seed", std::to_string(i)}), "cpu").exit_code, 0);
    EXPECT_EQ(read_file(folders[i].path() / "model"), read_file(alone.path() / "model"));
  }
  const std::string others = (folders[1].path() / "model").string();
  for (const std::string& path : {others, "../" + folders[1].path().filename().string() + "/model"}) {
    const Outcome outcome = wasm_ml(folders[0], {"info", "--model", path}, "cpu");
    EXPECT_EQ(outcome.exit_code, 1) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("cannot open"));
    EXPECT_EQ(outcome.out, "");
  }
}

}  // namespace
}  // namespace gpu_host::e2e
