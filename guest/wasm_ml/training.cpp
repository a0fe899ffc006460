#include "training.hpp"

#include <utility>

#include "kernel_training.hpp"
#include "text.hpp"
#if defined(WASI_GPU_FOREST)
#include "engine_training.hpp"
#endif

namespace wasm_ml {
namespace {

#if defined(WASI_GPU_FOREST)
constexpr const char* kWhyKernels = "this device does not grow forests itself";
#else
constexpr const char* kWhyKernels = "this module is built for hosts of wasi:gpu 0.1.0";
#endif

Result<Trained> train(const TrainingSet& set, const ForestParams& params, const TrainingHooks& hooks) {
#if defined(WASI_GPU_FOREST)
  auto trained = train_by_engine(set, params, hooks.progress);
  if (!trained) return std::unexpected(std::move(trained.error()));
  if (*trained) return **std::move(trained);
#endif
  if (auto supported = check_kernels_can(set, params); !supported) {
    return fail(std::string(kWhyKernels) + ": " + supported.error().message);
  }
  if (hooks.note) {
    hooks.note(std::string(kWhyKernels) + ": the 0.1.0 kernels train, with a host call for each node and feature");
  }
  return train_by_kernels(set, params, hooks.progress);
}

}  // namespace

ModelInfo model_info(const TrainingSet& set, const ForestParams& params) {
  return {.task = set.classes.empty() ? ModelTask::regression : ModelTask::classification,
          .target_name = set.target_name,
          .features = set.feature_types,
          .classes = set.classes,
          .params = params,
          .n_train_rows = set.n_rows};
}

Result<Trained> train_forest(const TrainingSet& set, const ForestParams& params, const TrainingHooks& hooks) {
  if (params.max_features > set.n_features()) {
    return fail_usage(format("option '--max-features': %lu is more than the %lu features of the data",
                             static_cast<unsigned long>(params.max_features),
                             static_cast<unsigned long>(set.n_features())));
  }
  auto trained = train(set, params, hooks);
  if (!trained) return trained;
  auto trees = summarize(trained->model.packed);
  if (!trees) return fail("training failed: " + trees.error().message);
  trained->trees = *trees;
  return trained;
}

}  // namespace wasm_ml
