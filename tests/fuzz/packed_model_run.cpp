#include "fuzz/packed_model_run.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "backend/registry.hpp"
#include "fuzz/check.hpp"
#include "wasi_gpu/compute.hpp"
#include "wasi_gpu/forest.hpp"

namespace gpu_host::fuzz {
namespace {

using wasi_gpu::PartFlags;
using wasi_gpu::ResourceHandle;
using wasi_gpu::Table;
using Bytes = std::vector<std::byte>;

constexpr std::uint64_t kQuota = 1 << 22;
constexpr std::uint32_t kRows = 9;
constexpr std::uint64_t kMostElements = 1 << 20;

// What a fuzzer cannot guess: the first bytes, the size and the checksum of docs/packed-model.md.
void seal(Bytes& bytes) {
  constexpr std::size_t kChecksum = 24;
  constexpr std::size_t kChecked = 32;
  if (bytes.size() < kChecked) return;
  const std::array<std::uint8_t, 8> magic{0x89, 'W', 'G', 'F', 'M', 0x0d, 0x0a, 0x1a};
  std::memcpy(bytes.data(), magic.data(), magic.size());
  const std::array<std::uint32_t, 2> versions{1, 1};
  std::memcpy(bytes.data() + magic.size(), versions.data(), sizeof(versions));
  const std::array<std::uint64_t, 2> numbers{bytes.size(),
                                             XXH3_64bits(bytes.data() + kChecked, bytes.size() - kChecked)};
  static_assert(sizeof(magic) + sizeof(versions) + sizeof(numbers) == kChecked && kChecksum + 8 == kChecked);
  std::memcpy(bytes.data() + sizeof(magic) + sizeof(versions), numbers.data(), sizeof(numbers));
}

class Run {
 public:
  Run() {
    Limits limits;
    limits.gpu_memory = kQuota;
    SessionOptions options;
    options.threads = 1;
    session_.emplace([] { return open_device({.backend = "cpu"}); }, limits, options);
  }

  void all(const Bytes& bytes) {
    const auto model = unpack(bytes);
    if (!model) {
      const GpuErrorCode code = model.error().code;
      check(code == GpuErrorCode::invalid_params || code == GpuErrorCode::out_of_memory, "unpack: {}",
            describe(model.error()));
    } else {
      use(*model);
      check(wasi_gpu::model_drop(*session_, *model), "a model cannot be dropped");
    }
    check(session_->buffers().memory().used() == 0, "memory of the quota is lost");
  }

 private:
  BufferId share(std::span<std::byte> bytes) {
    const auto buffer = session_->share({.bytes = bytes, .read_only = false, .owner = nullptr});
    check(buffer.has_value(), "memory cannot be shared");
    return *buffer;
  }

  void destroy(BufferId buffer) {
    check(wasi_gpu::buffer_destroy(*session_, buffer).has_value(), "a buffer cannot be destroyed");
  }

  GpuResult<ResourceHandle> unpack(Bytes bytes) {
    if (bytes.empty()) bytes.resize(1);
    const BufferId buffer = share(bytes);
    auto model = wasi_gpu::model_unpack(*session_, buffer, 0, bytes.size());
    destroy(buffer);
    return model;
  }

  Bytes pack(ResourceHandle model, PartFlags parts) {
    const auto size = wasi_gpu::model_packed_size(*session_, model, parts);
    check(size.has_value(), "packed-size fails");
    Bytes bytes(*size);
    const BufferId buffer = share(bytes);
    check(wasi_gpu::model_pack(*session_, model, parts, buffer, 0).has_value(), "pack fails");
    destroy(buffer);
    return bytes;
  }

  // Rows of all values there are, from a few bytes.
  Bytes predicted(ResourceHandle model, const ForestShape& shape, ForestPrediction what) {
    std::array<float, 16> values{0, 1, -1, 1e-30F, 1e30F, -1e38F, 0.5F, -0.25F, 100, -1000, 7, 1e-45F};
    values[12] = std::nanf("");
    values[13] = HUGE_VALF;
    values[14] = -HUGE_VALF;
    const BufferId from = share(std::as_writable_bytes(std::span(values)));
    Bytes to(std::max<std::uint64_t>(1, kRows * prediction_elements(shape, what)) * sizeof(float));
    const BufferId output = share(to);
    Table table{kRows, {}};
    for (std::uint32_t feature = 0; feature < shape.n_features; ++feature) {
      table.features.push_back({from, ElementType::float32, sizeof(float) * (feature % 8), sizeof(float), 0, 1});
      if (feature < 64) continue;
      table.features.back().n_columns = shape.n_features - feature;
      break;
    }
    check(wasi_gpu::model_predict(*session_, model, table, what, output, 0).has_value(), "predict fails");
    if (shape.has_leaf_targets && what == ForestPrediction::outputs) {
      std::array<float, std::size_t{2} * kRows> quantiles{};
      const BufferId own = share(std::as_writable_bytes(std::span(quantiles)));
      check(wasi_gpu::model_quantiles(*session_, model, table, {0, 1}, own, 0).has_value(), "quantiles fails");
      for (std::size_t row = 0; row < kRows; ++row) {
        check(quantiles[2 * row] <= quantiles[2 * row + 1], "the least target is above the most");
      }
      destroy(own);
    }
    destroy(output);
    destroy(from);
    return to;
  }

  void use(ResourceHandle model) {
    const auto shape = wasi_gpu::model_shape(*session_, model);
    check(shape.has_value(), "shape fails");
    const PartFlags parts{(shape->has_weights ? 1U : 0U) | (shape->has_leaf_targets ? 2U : 0U)};
    const Bytes packed = pack(model, parts);
    const auto again = unpack(packed);
    if (!again) return check(again.error().code == GpuErrorCode::out_of_memory, "{}", describe(again.error()));
    check(pack(*again, parts) == packed, "a model is packed differently the second time");
    for (const auto what : {ForestPrediction::outputs, ForestPrediction::trees, ForestPrediction::leaves}) {
      if (prediction_elements(*shape, what) > kMostElements / kRows) continue;
      check(predicted(model, *shape, what) == predicted(*again, *shape, what), "two same models predict differently");
    }
    check(wasi_gpu::model_drop(*session_, *again), "a model cannot be dropped");
  }

  std::optional<Session> session_;
};

}  // namespace

void run_packed_model(std::span<const std::uint8_t> input) {
  if (input.empty()) return;
  const auto model = std::as_bytes(input.subspan(1));
  Bytes bytes(model.begin(), model.end());
  if (input[0] % 16 != 0) seal(bytes);
  Run().all(bytes);
}

}  // namespace gpu_host::fuzz
