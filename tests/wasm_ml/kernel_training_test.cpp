#include "kernel_training.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "native/native_host.hpp"
#include "training_sets.hpp"

namespace wasm_ml {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class KernelTrainingTest : public testing::Test {
 protected:
  void SetUp() override { wasi_gpu::native::refuse_forests(true); }
  void TearDown() override { wasi_gpu::native::refuse_forests(false); }
};

TEST_F(KernelTrainingTest, IsANoteBeforeTheWork) {
  std::vector<std::string> notes;
  const TrainingHooks hooks{.progress = [&](std::uint32_t) { EXPECT_EQ(notes.size(), 1U); },
                            .note = [&](const std::string& text) { notes.push_back(text); }};
  ASSERT_TRUE(train_forest(diabetes(), {.n_trees = 2, .max_depth = 2}, hooks));
  EXPECT_THAT(notes, testing::ElementsAre("this device does not grow forests itself: the 0.1.0 kernels train, with a "
                                          "host call for each node and feature"));
}

TEST_F(KernelTrainingTest, RefusesByNameWhatTheKernelsCannotDo) {
  const auto refused = [](const ForestParams& params) {
    const auto trained = train_forest(diabetes(), params);
    return trained ? "no error" : trained.error().message;
  };
  const auto names = [](const char* option) {
    return AllOf(HasSubstr("this device does not grow forests itself"), HasSubstr(option));
  };
  EXPECT_THAT(refused({.min_impurity_decrease = 0.1}), names("'--min-impurity-decrease'"));
  EXPECT_THAT(refused({.bootstrap = false}), names("'--no-bootstrap'"));
  EXPECT_THAT(refused({.max_samples = 10}), names("'--max-samples'"));
  EXPECT_THAT(refused({.max_bins = 10}), names("'--max-bins'"));
  EXPECT_THAT(refused({.oob_score = true}), names("'--oob-score'"));
}

TEST_F(KernelTrainingTest, RefusesByNameTheDataThatTheKernelsCannotUse) {
  TrainingSet set = set_of({"a", "b"}, {1, 2, 0, 3, 4, 1});
  const auto refused = [&] { return check_kernels_can(set, {}).error().message; };
  EXPECT_TRUE(check_kernels_can(set, {}));
  set.features[3] = NAN;
  EXPECT_EQ(refused(), "column 'b': missing values are more than the 0.1.0 kernels can do");
  set.classes = {"no", "yes"};
  EXPECT_EQ(refused(), "column 'y': classes are more than the 0.1.0 kernels can do");
}

TEST_F(KernelTrainingTest, RefusesATargetWhoseDeviationsOverflow) {
  EXPECT_TRUE(train_forest(set_of({"a"}, {1, 0, 2, 1e19F}), {.n_trees = 1}));
  const auto trained = train_forest(set_of({"a"}, {1, 0, 2, 2e19F}), {.n_trees = 1});
  ASSERT_FALSE(trained);
  EXPECT_EQ(trained.error().message,
            "column 'y': values from 0 to 2e+19 are too far apart for the 0.1.0 kernels; scale them down");
}

}  // namespace
}  // namespace wasm_ml
