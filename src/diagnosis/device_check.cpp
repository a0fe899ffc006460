#include "diagnosis/device_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "forest/node.hpp"

namespace gpu_host {
namespace {

constexpr std::chrono::seconds kTimeout{60};
// Of the largest number of an output: more than both sides' tolerances (tolerances.hpp) together, less than what
// a fault leaves.
constexpr double kBound = 1e-3;

using Bytes = std::vector<std::byte>;
using Inputs = std::span<const std::unique_ptr<Buffer>>;

struct Trial {
  std::string_view kernel;
  std::vector<Bytes> inputs;
  std::size_t output_size;  // in elements of 4 bytes
  bool are_integers;        // the output's; else they are f32
  std::function<GpuResult<void>(Stream&, Inputs, Buffer&)> launch;
};

template <class T>
Bytes bytes_of(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

// Numbers from -1 to 1 that look random.
std::vector<float> numbers(std::size_t n, std::uint32_t seed) {
  std::vector<float> values(n);
  for (float& value : values) {
    seed = seed * 1'664'525U + 1'013'904'223U;
    value = static_cast<float>(seed >> 8U) * 0x1p-23F - 1;
  }
  return values;
}

std::vector<std::uint32_t> count_up(std::uint32_t n, std::uint32_t step) {
  std::vector<std::uint32_t> values(n);
  for (std::uint32_t i = 0; i < n; ++i) values[i] = i * step;
  return values;
}

Trial bootstrap_trial() {
  constexpr std::uint32_t kSamples = 5000;
  return {"kernel-bootstrap-sample", {}, kSamples, true, [](Stream& stream, Inputs, Buffer& output) {
            return stream.bootstrap_sample({.n_samples = kSamples, .seed = 7, .max_index = 1000}, output);
          }};
}

Trial find_split_trial() {
  constexpr std::uint32_t kRows = 700;
  constexpr std::uint32_t kFeatures = 4;
  constexpr std::uint32_t kThresholds = 16;
  std::vector<float> thresholds = numbers(kThresholds, 3);
  for (float& threshold : thresholds) threshold /= 2;  // no side is empty
  return {"kernel-find-split",
          {bytes_of(numbers(std::size_t{kRows} * kFeatures, 1)), bytes_of(numbers(kRows, 2)),
           bytes_of(count_up(kRows, 1)), bytes_of(thresholds)},
          kThresholds,
          false,
          [](Stream& stream, Inputs in, Buffer& output) {
            const FindSplitParams params{
                .n_samples = kRows, .n_features = kFeatures, .feature_idx = 2, .n_thresholds = kThresholds};
            return stream.find_split(params, kRows, *in[0], *in[1], *in[2], *in[3], output);
          }};
}

Trial average_trial() {
  constexpr std::uint32_t kTrees = 9;
  constexpr std::uint32_t kSamples = 600;
  return {"kernel-average",
          {bytes_of(numbers(std::size_t{kTrees} * kSamples, 4))},
          kSamples,
          false,
          [](Stream& stream, Inputs in, Buffer& output) {
            return stream.average({.n_trees = kTrees, .n_samples = kSamples}, *in[0], output);
          }};
}

Trial matmul_trial() {
  static constexpr MatmulParams kParams{
      .m = 48, .k = 96, .n = 33, .trans_a = false, .trans_b = true, .alpha = 1, .beta = 0};
  return {"kernel-matmul",
          {bytes_of(numbers(std::size_t{kParams.m} * kParams.k, 5)),
           bytes_of(numbers(std::size_t{kParams.k} * kParams.n, 6))},
          std::size_t{kParams.m} * kParams.n,
          false,
          [](Stream& stream, Inputs in, Buffer& output) { return stream.matmul(kParams, *in[0], *in[1], output); }};
}

Trial elementwise_trial() {
  constexpr std::uint32_t kElements = 5000;
  return {"kernel-elementwise",
          {bytes_of(numbers(kElements, 8))},
          kElements,
          false,
          [](Stream& stream, Inputs in, Buffer& output) {
            return stream.elementwise({.n_elements = kElements, .op = ElementwiseOp::sigmoid}, *in[0], nullptr, output);
          }};
}

Trial reduce_trial() {
  constexpr std::uint32_t kElements = 50'000;
  return {"kernel-reduce", {bytes_of(numbers(kElements, 9))}, 1, false, [](Stream& stream, Inputs in, Buffer& output) {
            return stream.reduce({.n_elements = kElements, .op = ReduceOp::variance}, *in[0], output);
          }};
}

// Full trees whose nodes stand level by level.
Trial predict_trial() {
  constexpr std::uint32_t kTrees = 5;
  constexpr std::uint32_t kDepth = 5;
  constexpr std::uint32_t kNodes = (2U << kDepth) - 1;
  static constexpr BatchPredictParams kParams{
      .batch_size = 300, .n_features = 4, .n_trees = kTrees, .max_depth = kDepth};
  const std::vector<float> values = numbers(std::size_t{kTrees} * kNodes, 10);
  std::vector<forest::Node> nodes;
  for (std::uint32_t i = 0; i < kTrees * kNodes; ++i) {
    const std::uint32_t at = i % kNodes;
    const bool is_leaf = at >= kNodes / 2;
    nodes.push_back({.feature = is_leaf ? -1 : static_cast<std::int32_t>(at % kParams.n_features),
                     .threshold = values[i],
                     .left = is_leaf ? 0 : 2 * at + 1,
                     .right = is_leaf ? 0 : 2 * at + 2});
  }
  return {"kernel-batch-predict",
          {bytes_of(numbers(std::size_t{kParams.batch_size} * kParams.n_features, 11)), bytes_of(nodes),
           bytes_of(count_up(kTrees, kNodes))},
          kParams.batch_size,
          false,
          [](Stream& stream, Inputs in, Buffer& output) {
            return stream.batch_predict(kParams, *in[0], *in[1], *in[2], output);
          }};
}

const std::vector<Trial>& trials() {
  static const std::vector<Trial> all{bootstrap_trial(),   find_split_trial(), average_trial(), matmul_trial(),
                                      elementwise_trial(), reduce_trial(),     predict_trial()};
  return all;
}

// Buffers of a stream, which gets them back.
class Buffers {
 public:
  explicit Buffers(Stream& stream) : stream_(stream) {}
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;
  ~Buffers() {
    for (auto& buffer : all_) stream_.release(std::move(buffer));
  }

  GpuResult<void> add(std::size_t size) {
    auto made = stream_.allocate(size);
    if (!made) return std::unexpected(std::move(made.error()));
    all_.push_back(*std::move(made));
    return {};
  }
  [[nodiscard]] Inputs all() const { return all_; }

 private:
  Stream& stream_;
  std::vector<std::unique_ptr<Buffer>> all_;
};

GpuResult<Bytes> run(Stream& stream, const Trial& trial) {
  Buffers buffers(stream);
  for (const Bytes& input : trial.inputs) {
    if (auto added = buffers.add(input.size()); !added) return std::unexpected(std::move(added.error()));
    if (auto written = stream.write(*buffers.all().back(), 0, input); !written) {
      return std::unexpected(std::move(written.error()));
    }
  }
  Bytes output(trial.output_size * 4);
  if (auto added = buffers.add(output.size()); !added) return std::unexpected(std::move(added.error()));
  Buffer& to = *buffers.all().back();
  if (auto launched = trial.launch(stream, buffers.all(), to); !launched) {
    return std::unexpected(std::move(launched.error()));
  }
  auto done = stream.read(to, 0, output.size(), [&output] { return std::span(output); });
  if (!done) return std::unexpected(std::move(done.error()));
  return output;
}

template <class T>
std::vector<T> elements(const Bytes& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

template <class T>
std::optional<std::string> difference(const Bytes& is, const Bytes& should_be, double bound) {
  const auto values = elements<T>(is);
  const auto expected = elements<T>(should_be);
  double largest = 0;
  for (const T value : expected) largest = std::max(largest, std::abs(static_cast<double>(value)));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double off = std::abs(static_cast<double>(values[i]) - static_cast<double>(expected[i]));
    if (off <= bound * largest) continue;  // not where it is NaN
    return fmt::format("element {} is {}, the CPU's is {}", i, values[i], expected[i]);
  }
  return std::nullopt;
}

}  // namespace

std::vector<KernelOutput> run_kernels(Device& device) {
  Interrupt interrupt;
  interrupt.set_deadline(Interrupt::Clock::now() + kTimeout);
  const StreamOptions options{.interrupt = &interrupt, .threads = {}, .precision = MatmulPrecision::fp32};
  auto stream = device.create_stream(options);
  std::vector<KernelOutput> outputs;
  for (const Trial& trial : trials()) {
    outputs.push_back({trial.kernel, stream ? run(**stream, trial) : std::unexpected(stream.error())});
  }
  return outputs;
}

std::optional<std::string> take_missing_matmul(std::vector<KernelOutput>& outputs) {
  const auto is_missing = [](const KernelOutput& output) {
    return !output.bytes && output.bytes.error().code == GpuErrorCode::device_unavailable;
  };
  const auto matmul = std::ranges::find(outputs, std::string_view("kernel-matmul"), &KernelOutput::kernel);
  if (matmul == outputs.end() || !is_missing(*matmul) || std::ranges::count_if(outputs, is_missing) > 1) {
    return std::nullopt;
  }
  std::string reason = std::move(matmul->bytes.error().message);
  outputs.erase(matmul);
  return reason;
}

std::optional<std::string> find_difference(const std::vector<KernelOutput>& outputs,
                                           const std::vector<KernelOutput>& expected) {
  for (const KernelOutput& output : outputs) {
    if (!output.bytes) return fmt::format("{} fails: {}", output.kernel, describe(output.bytes.error()));
    const auto& should_be = std::ranges::find(expected, output.kernel, &KernelOutput::kernel)->bytes;
    if (!should_be) return fmt::format("{} fails on the CPU: {}", output.kernel, describe(should_be.error()));
    const Trial& trial = *std::ranges::find(trials(), output.kernel, &Trial::kernel);
    const auto wrong = trial.are_integers ? difference<std::uint32_t>(*output.bytes, *should_be, 0)
                                          : difference<float>(*output.bytes, *should_be, kBound);
    if (wrong) return fmt::format("{} computes something else: {}", output.kernel, *wrong);
  }
  return std::nullopt;
}

}  // namespace gpu_host
