// A forest inside a sandboxed module: one instance of wasm_ml.wasm, with one model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "array.hpp"
#include "gpu_host/host.hpp"
#include "gpu_host/instance.hpp"
#include "waiting.hpp"
#include "wasm_ml/embedding.hpp"

namespace gpu_host_python {

// Where a forest lives.
struct Place {
  std::string backend;
  std::optional<std::uint32_t> device;
  std::optional<std::uint64_t> max_gpu_memory;  // bytes
  std::optional<std::uint32_t> threads;
};

struct Training {
  std::vector<Array> blocks;  // of features, side by side: columns (1-D) or tables (2-D) of as many rows
  std::optional<Array> targets;
  std::optional<Array> draw_weights;
  std::optional<Array> criterion_weights;
  wasm_ml::EmbeddedTraining params;
};

// May be used by many threads, one of which it serves at a time. Throws Failure. What takes an Array waits for other
// threads, or works for long, with the GIL released; else it is not touched.
class Forest {
 public:
  using Progress = std::function<void(std::uint32_t n_trees)>;

  Forest(const gpu_host::Module& module, const Place& place);

  // The model: once, one of these.
  void grow(Training training, const std::optional<Seconds>& timeout, const Progress& progress);
  void load(const Array& file);
  void import(const Array& treelite);
  void merge(const std::vector<Forest*>& forests);

  [[nodiscard]] const wasm_ml::EmbeddedShape& shape() const { return shape_; }
  [[nodiscard]] std::string save();
  [[nodiscard]] std::string to_treelite();
  [[nodiscard]] std::string info();  // JSON
  void name(wasm_ml::EmbeddedNames what, std::uint32_t index, const std::vector<std::string>& texts);

  // Numbers that a row's prediction has; `what` as wit/0.2.0/forest.wit numbers `prediction`.
  [[nodiscard]] std::size_t width(std::uint32_t what) const;
  void predict(const std::vector<Array>& blocks, std::uint32_t what, const Array& output,
               const std::optional<Seconds>& timeout);
  void quantiles(const std::vector<Array>& blocks, const Array& quantiles, const Array& output);

  // Each into an array of its type: of doubles, doubles, u64 and 20-byte nodes.
  void importances(const Array& output);
  void out_of_bag(const Array& output);
  void tree_offsets(const Array& output);
  void nodes(std::uint64_t first, std::uint64_t n_nodes, const Array& output);

 private:
  class Shared;
  class Table;

  [[nodiscard]] std::unique_lock<std::mutex> lock();
  std::int64_t call(std::string_view function, std::span<const gpu_host::Value> arguments);
  [[nodiscard]] std::string take(std::int64_t size);
  [[nodiscard]] std::string failure_text();
  void set_model(std::int64_t model);
  void predict_small(const Array& rows, std::uint32_t what, const Array& output);
  [[nodiscard]] bool is_small(const std::vector<Array>& blocks, const Array& output) const;
  void check_output(const Array& output, std::uint32_t element, std::size_t n_elements) const;

  // Where few rows and their predictions pass through, so that nothing is shared for them: the block that says where
  // the rows are, the rows; and what comes out.
  struct Small {
    std::vector<std::byte> in;
    std::vector<std::byte> out;
    std::uint32_t in_id = 0;
    std::uint32_t out_id = 0;
  };

  std::mutex mutex_;
  Small small_;  // the instance uses it
  gpu_host::Instance instance_;
  wasm_ml::EmbeddedShape shape_;
  std::int32_t model_ = 0;
  std::size_t n_trained_rows_ = 0;  // where it was grown here
};

}  // namespace gpu_host_python
