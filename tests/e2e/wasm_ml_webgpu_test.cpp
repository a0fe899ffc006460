// The random forest module on a device that does not know forests: its kernels predict what they can.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "common/require_backend.hpp"
#include "e2e/devices.hpp"
#include "e2e/wasm_ml.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

class WasmMlWebGpu : public testing::Test {
 protected:
  void SetUp() override {
    static const std::string kReason = reason_against("webgpu");
    if (!kReason.empty()) test::skip_without("webgpu", kReason);
  }
  void expect_refused(const std::vector<std::string>& arguments, const std::string& says) const {
    const Outcome outcome = wasm_ml(folder_, arguments, "webgpu");
    EXPECT_EQ(outcome.exit_code, 1) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr(says));
    EXPECT_EQ(outcome.out, "");
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "new"));
  }
  TempFolder folder_;
};

TEST_F(WasmMlWebGpu, PredictsWhatTheCpusEngineTrained) {
  ASSERT_EQ(train(folder_, "model", "42", "cpu").exit_code, 0);
  const std::vector<std::string> prediction{"predict", "--model", "model", "--data", "/data/diabetes_test.csv"};
  const Outcome outcome = wasm_ml(folder_, prediction, "webgpu");
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.err,
              HasSubstr("wasm_ml: note: this device does not predict forests itself: the 0.1.0 kernels predict\n"));
  const std::vector<double> webgpu = numbers_of(outcome.out);
  const std::vector<double> cpu = numbers_of(wasm_ml(folder_, prediction, "cpu").out);
  ASSERT_EQ(webgpu.size(), 89U);
  ASSERT_EQ(cpu.size(), 89U);
  for (std::size_t i = 0; i < cpu.size(); ++i) EXPECT_NEAR(webgpu[i], cpu[i], 1e-6 * cpu[i]) << "row " << i;
  const Outcome evaluated =
      wasm_ml(folder_, {"evaluate", "--model", "model", "--data", "/data/diabetes_test.csv"}, "webgpu");
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated;
  EXPECT_THAT(evaluated.out, testing::StartsWith("against column 'target': MSE "));
}

TEST_F(WasmMlWebGpu, RefusesByNameWhatKernelsCannotDo) {
  folder_.add("classes.csv", "a,b\n1,x\n2,y\n3,x\n");
  folder_.add("blanks.csv", "a,b\n1,2\n,3\n3,4\n");
  ASSERT_EQ(wasm_ml(folder_, {"train", "--data", "classes.csv", "--model", "classes"}, "cpu").exit_code, 0);
  ASSERT_EQ(wasm_ml(folder_, {"train", "--data", "blanks.csv", "--model", "blanks"}, "cpu").exit_code, 0);
  folder_.add("forest.treelite", read_file(WGH_TREELITE_DIR "/sklearn_rf_regression.treelite"));
  expect_refused({"train", "--data", "classes.csv", "--model", "new"}, "column 'b': classes are more than");
  expect_refused({"train", "--data", "blanks.csv", "--model", "new"}, "column 'a': missing values are more than");
  expect_refused({"predict", "--data", "classes.csv", "--model", "classes"},
                 "model 'classes': its leaves have more than a number each, which the 0.1.0 kernels cannot predict");
  expect_refused({"predict", "--data", "blanks.csv", "--model", "blanks"},
                 "row 2, feature 1: missing values are more than the 0.1.0 kernels can do");
  expect_refused({"import", "--treelite", "forest.treelite", "--model", "new"}, "device unavailable");
  expect_refused({"export", "--treelite", "new", "--model", "classes"}, "device unavailable");
}

}  // namespace
}  // namespace gpu_host::e2e
