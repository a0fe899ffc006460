#include "predictor.hpp"

#include <memory>
#include <utility>

#include "packed_trees.hpp"
#include "postprocess.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

constexpr const char* kKernels = ": the 0.1.0 kernels predict";

Result<KernelPredictor> by_kernels(const std::string& name, std::string_view packed) {
  const auto trees = unpack_trees(packed);
  if (!trees) return fail("model " + quoted(name) + ": " + trees.error().message);
  return KernelPredictor::create(*trees);
}

Result<void> check_features(const std::string& name, std::size_t in_trees, std::size_t named) {
  if (in_trees == named) return {};
  return fail("model " + quoted(name) + format(": its trees have %zu features, it names %zu", in_trees, named));
}

}  // namespace

Result<Predictor> Predictor::create(ModelFile& file, std::string* note) {
  const auto say = [&](const char* why) {
    if (note != nullptr) *note = std::string(why) + kKernels;
  };
  const std::size_t n_features = file.info().features.size();
#if defined(WASI_GPU_FOREST)
  auto packed = file.upload_packed();
  if (!packed) return std::unexpected(std::move(packed.error()));
  auto model = wasi_gpu::forest::Model::unpack(*packed, 0, packed->size());
  if (!model && model.error().code != wasi_gpu::ErrorCode::device_unavailable) {
    return fail_device(("model " + quoted(file.name())).c_str(), model.error());
  }
  if (model) {
    auto predictor = EnginePredictor::create(*std::move(model));
    if (!predictor) return std::unexpected(std::move(predictor.error()));
    if (auto same = check_features(file.name(), predictor->n_features(), n_features); !same) {
      return std::unexpected(std::move(same.error()));
    }
    Predictor made(file.info().postprocessor);
    made.engine_ = std::make_unique<EnginePredictor>(*std::move(predictor));
    return made;
  }
  say("this device does not predict forests itself");
  std::string bytes(static_cast<std::size_t>(packed->size()), '\0');
  if (auto read = packed->read(bytes); !read) return fail_device("reading the model", read.error());
#else
  say("this module is built for hosts of wasi:gpu 0.1.0");
  const auto read = file.read_packed();
  if (!read) return std::unexpected(read.error());
  const std::string& bytes = *read;
#endif
  const auto summary = summarize(bytes);
  if (!summary) return fail("model " + quoted(file.name()) + ": " + summary.error().message);
  if (auto same = check_features(file.name(), summary->n_features, n_features); !same) {
    return std::unexpected(std::move(same.error()));
  }
  auto predictor = by_kernels(file.name(), bytes);
  if (!predictor) return std::unexpected(std::move(predictor.error()));
  Predictor made(file.info().postprocessor);
  made.kernels_ = std::make_unique<KernelPredictor>(*std::move(predictor));
  return made;
}

std::uint32_t Predictor::n_outputs() const {
#if defined(WASI_GPU_FOREST)
  if (engine_) return engine_->n_outputs();
#endif
  return 1;
}

Result<void> Predictor::predict(std::span<const float> samples, std::span<float> outputs, std::size_t max_part_bytes) {
#if defined(WASI_GPU_FOREST)
  auto done = engine_ ? engine_->predict(samples, outputs, max_part_bytes)
                      : kernels_->predict(samples, outputs, max_part_bytes);
#else
  auto done = kernels_->predict(samples, outputs, max_part_bytes);
#endif
  if (!done || postprocessor_.kind == PostprocessorKind::identity) return done;
  for (std::size_t at = 0; at < outputs.size(); at += n_outputs()) {
    postprocess(postprocessor_, outputs.subspan(at, n_outputs()));
  }
  return {};
}

}  // namespace wasm_ml
