// How the random forest module trains: by the host's engine, or through the 0.1.0 kernels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace gpu_host::e2e
