#include "bench_report.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace wasm_ml {
namespace {

using testing::HasSubstr;

BenchReport report() {
  return {.device = {.name = "a \"device\"\n", .backend = "cpu", .compute_capability = ""},
          .n_train_rows = 353,
          .n_test_rows = 89,
          .n_features = 10,
          .n_trees = 200,
          .n_nodes = 1000,
          .depth = 16,
          .load_ms = 1,
          .training_ms = 1234.5,
          .inference = {{.n_rows = 89, .milliseconds = 0.25}, {.n_rows = 1000, .milliseconds = 2}},
          .test = Metrics{.mse = 3000, .r2 = 0.43}};
}

TEST(BenchReportTest, JsonHasTheKeysOfTheDocument) {
  EXPECT_EQ(bench_json(report()),
            R"({"gpu_device": "a \"device\"\u000a", "gpu_backend": "cpu", "training_ms": 1234.5, )"
            R"("inference_ms": 0.25, "mse": 3000, "r2": 0.43, "train_samples": 353, "test_samples": 89})");
}

TEST(BenchReportTest, JsonHasNoNumbersThatJsonLacks) {
  BenchReport infinite = report();
  infinite.test = Metrics{.mse = std::numeric_limits<double>::infinity()};
  EXPECT_THAT(bench_json(infinite), HasSubstr("\"mse\": null"));
}

TEST(BenchReportTest, TableHasALineForEachBatch) {
  const std::string table = bench_table(report());
  EXPECT_THAT(table, HasSubstr("353 training rows, 89 test rows, 10 features"));
  EXPECT_THAT(table, HasSubstr("inference, 89 rows"));
  EXPECT_THAT(table, HasSubstr("inference, 1000 rows"));
  EXPECT_THAT(table, testing::ContainsRegex("test +MSE 3000.000, R2 0.4300\n"));
  EXPECT_THAT(table, testing::Not(HasSubstr("out of bag")));
  BenchReport with_out_of_bag = report();
  with_out_of_bag.out_of_bag = {.evaluation = Metrics{.mse = 3000, .r2 = 0.42}, .n_rows = 353};
  EXPECT_THAT(bench_table(with_out_of_bag), testing::ContainsRegex("out of bag +MSE 3000.000, R2 0.4200\n"));
}

TEST(BenchReportTest, OfClasses) {
  BenchReport of_classes = report();
  of_classes.test = ClassMetrics{.accuracy = 0.75, .log_loss = 0.5};
  EXPECT_THAT(bench_table(of_classes), HasSubstr("accuracy 0.7500, log loss 0.5000\n"));
  EXPECT_THAT(bench_json(of_classes), HasSubstr(R"("accuracy": 0.75, "log_loss": 0.5, "train_samples")"));
}

}  // namespace
}  // namespace wasm_ml
