#include "predictions.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include "commands.hpp"
#include "files.hpp"
#include "npy.hpp"
#include "small_forest.hpp"
#include "training.hpp"
#include "training_sets.hpp"

namespace wasm_ml {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::HasSubstr;

Predictions numbers() { return {.n_rows = 3, .values = {1.5F, -0.1F, 1e30F}}; }

Predictions classes() {
  return {.task = ModelTask::classification,
          .classes = {"no", "a,\"b\"", ""},
          .n_rows = 2,
          .n_columns = 3,
          .values = {0.25F, 0.5F, 0.25F, 0.1F, 0.1F, 0.8F}};
}

Predictions scores() { return {.task = ModelTask::scores, .n_rows = 2, .n_columns = 2, .values = {1, 2, 3, 4}}; }

NpyArray read_back(const Predictions& predictions) {
  return read_npy(ByteSource::of_bytes("p.npy", predictions_npy(predictions))).value();
}

TEST(PredictionsTest, NumbersAsCsv) {
  EXPECT_EQ(predictions_csv(numbers(), false), "prediction\n1.5\n-0.100000001\n1.00000002e+30\n");
  EXPECT_EQ(predictions_csv(numbers(), true), predictions_csv(numbers(), false));
}

TEST(PredictionsTest, ClassesAsCsv) {
  EXPECT_EQ(predictions_csv(classes(), false), "prediction\n\"a,\"\"b\"\"\"\n\"\"\n");
  EXPECT_EQ(predictions_csv(classes(), true),
            "prediction,probability of no,\"probability of a,\"\"b\"\"\",probability of \n"
            "\"a,\"\"b\"\"\",0.25,0.5,0.25\n"
            "\"\",0.100000001,0.100000001,0.800000012\n");
}

TEST(PredictionsTest, SeveralOutputsAsCsv) {
  EXPECT_EQ(predictions_csv(scores(), false), "output 0,output 1\n1,2\n3,4\n");
  Predictions targets = scores();
  targets.task = ModelTask::regression;
  EXPECT_EQ(predictions_csv(targets, false), predictions_csv(scores(), false));
}

TEST(PredictionsTest, NoRows) {
  Predictions none = classes();
  none.n_rows = 0;
  none.values = {};
  EXPECT_EQ(predictions_csv(none, false), "prediction\n");
  EXPECT_THAT(predictions_npy(none), HasSubstr("(0, 3)"));
}

TEST(PredictionsTest, AsNpy) {
  const NpyArray of_numbers = read_back(numbers());
  EXPECT_THAT(predictions_npy(numbers()), HasSubstr("(3,)"));
  EXPECT_EQ(of_numbers.values, numbers().values);
  const NpyArray of_classes = read_back(classes());
  EXPECT_EQ(of_classes.n_columns, 3U);
  EXPECT_EQ(of_classes.values, classes().values);
}

TEST(PredictionsTest, Evaluated) {
  const auto of_numbers = evaluate(numbers(), std::vector<float>{1.5F, -0.1F, 1e30F});
  ASSERT_TRUE(of_numbers);
  EXPECT_EQ(std::get<Metrics>(*of_numbers).r2, 1);
  const auto of_classes = evaluate(classes(), std::vector<float>{1, 0});
  ASSERT_TRUE(of_classes);
  EXPECT_EQ(std::get<ClassMetrics>(*of_classes).accuracy, 0.5);
  EXPECT_NEAR(std::get<ClassMetrics>(*of_classes).log_loss, (std::log(2) + std::log(10)) / 2, 1e-6);
}

TEST(PredictionsTest, ScoresAreNotEvaluated) {
  Predictions targets = scores();
  targets.task = ModelTask::regression;
  Predictions one = numbers();
  one.task = ModelTask::scores;
  for (const Predictions& predictions : {scores(), targets, one}) {
    EXPECT_THAT(evaluate(predictions, std::vector<float>{1, 2, 3}).error().message, HasSubstr("are scores"));
  }
}

PredictionSet rows_of(std::vector<float> features, std::uint32_t n_rows) {
  return {.n_rows = n_rows, .features = std::move(features), .has_target = false, .targets = fail("none")};
}

Result<Predictions> predict(const Model& model, std::vector<float> features, std::uint32_t n_rows) {
  auto file = open_model(model);
  if (!file) return std::unexpected(file.error());
  auto predictor = Predictor::create(*file);
  if (!predictor) return std::unexpected(predictor.error());
  return predict_rows(file->info(), *predictor, rows_of(std::move(features), n_rows));
}

TEST(PredictionsTest, OfARegression) {
  const auto predictions = predict(model_of(small_forest()), {0, 0, 1, 0}, 2);
  ASSERT_TRUE(predictions) << predictions.error().message;
  EXPECT_EQ(predictions->task, ModelTask::regression);
  EXPECT_EQ(predictions->n_columns, 1U);
  EXPECT_THAT(predictions->values, ElementsAre(5.5F, 6.5F));
}

// One output is the probability of the second class.
TEST(PredictionsTest, OfTwoClassesWithOneOutput) {
  Model model = model_of(small_forest());
  model.info.task = ModelTask::classification;
  model.info.classes = {"no", "yes"};
  model.info.postprocessor = {.kind = PostprocessorKind::sigmoid};
  const auto predictions = predict(model, {0, 0, 1, 0}, 2);
  ASSERT_TRUE(predictions) << predictions.error().message;
  EXPECT_EQ(predictions->n_columns, 2U);
  const auto yes = static_cast<float>(1 / (1 + std::exp(-5.5)));
  EXPECT_THAT(std::vector<float>(predictions->row(0).begin(), predictions->row(0).end()),
              ElementsAre(FloatEq(1 - yes), FloatEq(yes)));
  EXPECT_EQ(predictions_csv(*predictions, false), "prediction\nyes\nyes\n");
}

TEST(PredictionsTest, OutputsThatDoNotSuitTheClassesAreAnError) {
  Model model = model_of(small_forest());
  model.info.task = ModelTask::classification;
  model.info.classes = {"a", "b", "c"};
  EXPECT_EQ(predict(model, {0, 0}, 1).error().message, "the model has 1 outputs for 3 classes");
}

class EvaluateCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("evaluate_test_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::string add(const char* name, const std::string& bytes) const {
    EXPECT_TRUE(write_file(path(name), bytes));
    return path(name);
  }
  // What it prints, or its error.
  static std::string run_of(const auto& command) {
    testing::internal::CaptureStdout();
    const auto done = run(command);
    const std::string out = testing::internal::GetCapturedStdout();
    return done ? out : done.error().message;
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(EvaluateCommandTest, ARegression) {
  const std::string model = add("m", encode_model(model_of(small_forest())));
  const std::string data = add("d.csv", "y,bb,a\n5.5,0,0\n7.5,0,1\n");
  EXPECT_EQ(run_of(EvaluateCommand{.model = model, .data = data}),
            "against column 'y': MSE 0.500, R2 0.5000 over 2 rows\n");
  EXPECT_EQ(run_of(EvaluateCommand{.model = model, .data = data, .json = true}),
            "{\"rows\": 2, \"target\": \"y\", \"mse\": 0.5, \"r2\": 0.5}\n");
  EXPECT_EQ(run_of(EvaluateCommand{.model = model, .data = add("e.csv", "bb,y\n1,2\n")}),
            path("e.csv") + ": the model's feature 'a' is missing from the header");
  EXPECT_THAT(run_of(EvaluateCommand{.model = model, .data = add("f.csv", "bb,a\n1,2\n")}), HasSubstr("'y'"));
}

TEST_F(EvaluateCommandTest, AClassificationWithCategories) {
  const std::string header = "color,size,kind\n";
  const std::string rows = "red,1,apple\ngreen,1,pear\nblue,9,plum\nred,2,apple\ngreen,2,pear\nblue,8,plum\n";
  const std::string data = add("d.csv", header + rows + rows + rows);
  const auto set = load_training_set(data, "kind", Task::automatic);
  ASSERT_TRUE(set) << set.error().message;
  ASSERT_TRUE(save_model(path("m"), train_forest(*set, {.n_trees = 20, .bootstrap = false}).value().model));
  EXPECT_EQ(run_of(EvaluateCommand{.model = path("m"), .data = data}),
            "against column 'kind': accuracy 1.0000, log loss 0.0000 over 18 rows\n");
  EXPECT_EQ(run_of(PredictCommand{.model = path("m"), .data = add("p.csv", "size,color\n1,green\n1,red\n9,blue\n")}),
            "prediction\npear\napple\nplum\n");
  EXPECT_THAT(run_of(EvaluateCommand{.model = path("m"), .data = add("n.csv", "size,color,kind\n1,green,nut\n")}),
              HasSubstr("column 'kind': 'nut' is not one of the model's classes"));
}

}  // namespace
}  // namespace wasm_ml
