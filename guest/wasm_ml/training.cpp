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
  if (auto supported = check_kernels_can(params); !supported) {
    return fail(std::string(kWhyKernels) + ": " + supported.error().message);
  }
  if (hooks.note) {
    hooks.note(std::string(kWhyKernels) + ": the 0.1.0 kernels train, with a host call for each node and feature");
  }
  return train_by_kernels(set, params, hooks.progress);
}

}  // namespace

Forest untrained_forest(const TrainingSet& set, const ForestParams& params) {
  return {.params = params,
          .n_train_rows = set.n_rows,
          .target_name = set.target_name,
          .feature_names = set.feature_names,
          .tree_offsets = {},
          .nodes = {}};
}

Result<Trained> train_forest(const TrainingSet& set, const ForestParams& params, const TrainingHooks& hooks) {
  if (params.max_features > set.n_features()) {
    return fail_usage(format("option '--max-features': %lu is more than the %lu features of the data",
                             static_cast<unsigned long>(params.max_features),
                             static_cast<unsigned long>(set.n_features())));
  }
  auto trained = train(set, params, hooks);
  if (!trained) return trained;
  auto depth = check_structure(trained->forest);
  if (!depth) return fail("training failed: " + depth.error().message);
  trained->forest.depth = *depth;
  return trained;
}

}  // namespace wasm_ml
