#include "training_progress.hpp"

#include <gtest/gtest.h>

#include "native/native_host.hpp"
#include "training_sets.hpp"

namespace wasm_ml {
namespace {

std::string said_of(const TrainingSet& set) {
  ForestOptions options;
  options.params.n_trees = 2;
  testing::internal::CaptureStderr();
  const auto trained = train_with_progress(set, options);
  EXPECT_TRUE(trained);
  return testing::internal::GetCapturedStderr();
}

TEST(TrainingProgressTest, SaysNothingWhereAllIsWell) { EXPECT_EQ(said_of(set_of({"a"}, {1, 1, 2, 2})), ""); }

TEST(TrainingProgressTest, WarnsOfConstantFeatures) {
  EXPECT_EQ(said_of(set_of({"a", "b", "c"}, {1, 2, 3, 1, 1, 1, 3, 2})),
            "wasm_ml: warning: one value in all rows, so that no tree can use it: 'a', 'c'\n");
  std::vector<std::string> names;
  for (char name = 'a'; name < 'a' + 12; ++name) names.emplace_back(1, name);
  EXPECT_EQ(said_of(set_of(names, std::vector<float>(13, 1))),
            "wasm_ml: warning: one value in all rows, so that no tree can use it: 'a', 'b', 'c', 'd', 'e', 'f', 'g', "
            "'h', 'i', 'j' and 2 more\n");
}

TEST(TrainingProgressTest, NotesThatTheKernelsTrain) {
  wasi_gpu::native::refuse_forests(true);
  EXPECT_EQ(said_of(set_of({"a"}, {1, 1, 2, 2})),
            "wasm_ml: note: this device does not grow forests itself: the 0.1.0 kernels train, with a host call for "
            "each node and feature\n");
  wasi_gpu::native::refuse_forests(false);
}

}  // namespace
}  // namespace wasm_ml
