#include "forest.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <limits>
#include <utility>

#include "failure.hpp"

namespace gpu_host_python {
namespace {

using gpu_host::Instance;
using gpu_host::Value;
using wasm_ml::EmbeddedColumns;

// Rows for which predicting takes some 100 ms: between two looks at Python's signals.
constexpr std::size_t kTreeRows = 20'000'000;
constexpr std::size_t kLeastRows = 4096;
// Bytes of rows, and of their predictions, that are copied rather than shared, and what is predicted meanwhile.
constexpr std::size_t kSmall = 64 << 10;
constexpr std::size_t kSmallTreeRows = 10'000;
constexpr std::size_t kRowsAt = 64;  // behind the block
constexpr std::size_t kAlignment = 16;

enum What : std::uint32_t { kOutputs, kTrees, kLeaves, kWhats };
enum Leaf : std::uint32_t { kNumber };

std::int32_t i32(std::uint32_t value) { return static_cast<std::int32_t>(value); }
std::int64_t i64(std::uint64_t value) { return static_cast<std::int64_t>(value); }

gpu_host::InstanceOptions options_of(const Place& place) {
  gpu_host::InstanceOptions options;
  options.args = {"wasm_ml"};
  options.inherit_stdio = false;
  options.device.backend = place.backend;
  options.device.index = place.device;
  options.cpu_threads = place.threads;
  options.limits.gpu_memory = place.max_gpu_memory;
  return options;
}

Instance make_instance(const gpu_host::Module& module, const Place& place) {
  auto instance = Instance::create(module, options_of(place));
  // It is given no files: what is not there is the device.
  if (!instance && instance.error().kind == gpu_host::ErrorKind::not_found) {
    throw Failure(FailureKind::device, instance.error().message);
  }
  return checked(std::move(instance));
}

std::size_t n_rows_of(const Array& block) { return block.n_dimensions() == 0 ? 0 : block.shape(0); }
std::size_t n_columns_of(const Array& block) { return block.n_dimensions() == 2 ? block.shape(1) : 1; }

std::size_t n_rows_of(const std::vector<Array>& blocks) {
  if (blocks.empty()) throw Failure(FailureKind::value, "a table without columns");
  const std::size_t n_rows = n_rows_of(blocks.front());
  for (const Array& block : blocks) {
    if (block.n_dimensions() != 1 && block.n_dimensions() != 2) {
      throw Failure(FailureKind::value,
                    "a block of features has " + std::to_string(block.n_dimensions()) + " dimensions, not 1 or 2");
    }
    if (n_rows_of(block) != n_rows)
      throw Failure(FailureKind::value, "blocks of features have different numbers of rows");
  }
  if (n_rows > std::numeric_limits<std::int32_t>::max()) throw Failure(FailureKind::value, "more than 2147483647 rows");
  return n_rows;
}

}  // namespace

// An array that is a buffer of the instance for a while.
class Forest::Shared {
 public:
  Shared(Instance& instance, std::span<std::byte> bytes, Access access) : instance_(&instance) {
    // A buffer begins at a multiple of 4; what lies before an array that does not is not looked at.
    padding_ = reinterpret_cast<std::uintptr_t>(bytes.data()) % kAlignment;
    const std::span<std::byte> padded{bytes.data() - padding_, bytes.size() + padding_};
    id_ = checked(access == Access::write ? instance.share(padded) : instance.share_read_only(padded));
  }
  Shared(Instance& instance, const Array& array, Access access) : Shared(instance, array.extent(), access) {
    offset_ = static_cast<std::size_t>(array.data() - array.extent().data());
  }
  Shared(Shared&& other) noexcept
      : instance_(std::exchange(other.instance_, nullptr)),
        padding_(other.padding_),
        offset_(other.offset_),
        id_(other.id_) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  Shared& operator=(Shared&&) = delete;
  ~Shared() {
    if (instance_ != nullptr) (void)instance_->release(id_);
  }

  [[nodiscard]] std::uint32_t id() const { return id_; }
  // Of its first element.
  [[nodiscard]] std::uint64_t offset() const { return padding_ + offset_; }

 private:
  Instance* instance_;
  std::size_t padding_ = 0;
  std::size_t offset_ = 0;
  std::uint32_t id_ = 0;
};

// Blocks of features as the module takes them.
class Forest::Table {
 public:
  Table(Instance& instance, const std::vector<Array>& blocks) {
    arrays_.reserve(blocks.size());
    for (const Array& block : blocks) {
      const Shared& array = arrays_.emplace_back(instance, block, Access::read);
      columns_.push_back({.buffer = array.id(),
                          .element = block.element(),
                          .offset = array.offset(),
                          .row_stride = block.stride(0),
                          .column_stride = block.n_dimensions() == 2 ? block.stride(1) : 0,
                          .n_columns = n_columns_of(block)});
    }
    shared_.emplace(instance, std::as_writable_bytes(std::span(columns_)), Access::read);
  }

  [[nodiscard]] std::uint32_t id() const { return shared_->id(); }
  [[nodiscard]] std::uint64_t offset() const { return shared_->offset(); }
  [[nodiscard]] std::uint32_t n_blocks() const { return static_cast<std::uint32_t>(columns_.size()); }

  // Goes on to rows behind the first.
  void skip_rows(std::size_t n_rows) {
    for (EmbeddedColumns& columns : columns_) columns.offset += static_cast<std::uint64_t>(columns.row_stride) * n_rows;
  }

 private:
  std::vector<Shared> arrays_;
  std::vector<EmbeddedColumns> columns_;
  std::optional<Shared> shared_;
};

Forest::Forest(const gpu_host::Module& module, const Place& place) : instance_(make_instance(module, place)) {}

std::unique_lock<std::mutex> Forest::lock() {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) {
    const nb::gil_scoped_release released;
    lock.lock();
  }
  return lock;
}

std::int64_t Forest::call(std::string_view function, std::span<const Value> arguments) {
  const std::vector<Value> results = checked(instance_.call(function, arguments));
  const std::int64_t result = std::holds_alternative<std::int64_t>(results[0]) ? std::get<std::int64_t>(results[0])
                                                                               : std::get<std::int32_t>(results[0]);
  if (result < 0) throw failure_of_module(failure_text());
  return result;
}

std::string Forest::take(std::int64_t size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  if (bytes.empty()) return bytes;
  const Shared shared(instance_, std::as_writable_bytes(std::span(bytes)), Access::write);
  (void)call("wasm_ml_take", std::array<Value, 2>{i32(shared.id()), i64(shared.offset())});
  return bytes;
}

std::string Forest::failure_text() { return take(call("wasm_ml_error", {})); }

void Forest::set_model(std::int64_t model) {
  model_ = static_cast<std::int32_t>(model);
  const Shared shape(instance_, std::as_writable_bytes(std::span(&shape_, 1)), Access::write);
  (void)call("wasm_ml_shape", std::array<Value, 3>{model_, i32(shape.id()), i64(shape.offset())});
}

void Forest::grow(Training training, const std::optional<Seconds>& timeout, const Progress& progress) {
  const auto locked = lock();
  const std::size_t n_rows = n_rows_of(training.blocks);
  training.params.n_rows = static_cast<std::uint32_t>(n_rows);
  const auto check = [&](const std::optional<Array>& numbers, const char* name) {
    if (numbers && (numbers->n_dimensions() != 1 || numbers->n_elements() != n_rows)) {
      throw Failure(FailureKind::value, std::string(name) + " are not as many numbers as there are rows");
    }
  };
  check(training.targets, "targets");
  check(training.draw_weights, "draw weights");
  check(training.criterion_weights, "criterion weights");

  std::atomic<std::uint32_t> n_done = 0;
  const auto work = [&] {
    std::vector<Shared> arrays;
    arrays.reserve(3);
    const auto numbers = [&](const std::optional<Array>& array) -> wasm_ml::EmbeddedNumbers {
      if (!array) return {};
      const Shared& shared = arrays.emplace_back(instance_, *array, Access::read);
      return {
          .buffer = shared.id(), .element = array->element(), .offset = shared.offset(), .stride = array->stride(0)};
    };
    const Table table(instance_, training.blocks);
    if (table.offset() != 0) throw Failure(FailureKind::other, "a table of blocks is not aligned");
    training.params.columns = table.id();
    training.params.n_blocks = table.n_blocks();
    training.params.targets = numbers(training.targets);
    training.params.draw_weights = numbers(training.draw_weights);
    training.params.criterion_weights = numbers(training.criterion_weights);
    const Shared params(instance_, std::as_writable_bytes(std::span(&training.params, 1)), Access::read);
    const auto growth =
        static_cast<std::int32_t>(call("wasm_ml_start", std::array<Value, 2>{i32(params.id()), i64(params.offset())}));
    const std::uint32_t n_trees = training.params.n_trees;
    const std::uint32_t step = progress ? std::max(1U, n_trees / 20) : n_trees;
    while (n_done < n_trees) {
      n_done = static_cast<std::uint32_t>(
          call("wasm_ml_grow", std::array<Value, 2>{growth, i32(std::min(step, n_trees - n_done))}));
    }
    set_model(call("wasm_ml_finish", std::array<Value, 1>{growth}));
    n_trained_rows_ = n_rows;
  };
  run_and_watch(
      work, [this] { instance_.interrupt(); }, timeout,
      [&] {
        if (progress) progress(n_done);
      });
}

void Forest::load(const Array& file) {
  const auto locked = lock();
  const nb::gil_scoped_release released;
  if (file.n_elements() == 0) throw Failure(FailureKind::value, "a model file of 0 bytes");
  const Shared shared(instance_, file, Access::read);
  set_model(
      call("wasm_ml_load", std::array<Value, 3>{i32(shared.id()), i64(shared.offset()), i64(file.extent().size())}));
}

void Forest::import(const Array& treelite) {
  const auto locked = lock();
  const nb::gil_scoped_release released;
  if (treelite.n_elements() == 0) throw Failure(FailureKind::value, "a model of Treelite of 0 bytes");
  const Shared shared(instance_, treelite, Access::read);
  set_model(call("wasm_ml_import",
                 std::array<Value, 3>{i32(shared.id()), i64(shared.offset()), i64(treelite.extent().size())}));
}

void Forest::merge(const std::vector<Forest*>& forests) {
  const auto locked = lock();
  std::vector<std::int32_t> models;
  for (Forest* forest : forests) {
    std::string file = forest->save();
    const nb::gil_scoped_release released;
    const Shared shared(instance_, std::as_writable_bytes(std::span(file)), Access::read);
    models.push_back(static_cast<std::int32_t>(
        call("wasm_ml_load", std::array<Value, 3>{i32(shared.id()), i64(shared.offset()), i64(file.size())})));
  }
  if (models.empty()) throw Failure(FailureKind::value, "no forests to merge");
  const nb::gil_scoped_release released;
  const Shared numbers(instance_, std::as_writable_bytes(std::span(models)), Access::read);
  set_model(call("wasm_ml_merge", std::array<Value, 3>{i32(numbers.id()), i64(numbers.offset()),
                                                       i32(static_cast<std::uint32_t>(models.size()))}));
  for (const std::int32_t model : models) (void)call("wasm_ml_drop", std::array<Value, 1>{model});
}

std::string Forest::save() {
  const auto locked = lock();
  const nb::gil_scoped_release released;
  const std::int64_t size = call("wasm_ml_save_size", std::array<Value, 1>{model_});
  std::string file(static_cast<std::size_t>(size), '\0');
  const Shared shared(instance_, std::as_writable_bytes(std::span(file)), Access::write);
  (void)call("wasm_ml_save", std::array<Value, 3>{model_, i32(shared.id()), i64(shared.offset())});
  return file;
}

std::string Forest::to_treelite() {
  const auto locked = lock();
  const nb::gil_scoped_release released;
  return take(call("wasm_ml_export", std::array<Value, 1>{model_}));
}

std::string Forest::info() {
  const auto locked = lock();
  return take(call("wasm_ml_info", std::array<Value, 1>{model_}));
}

void Forest::name(wasm_ml::EmbeddedNames what, std::uint32_t index, const std::vector<std::string>& texts) {
  const auto locked = lock();
  std::string bytes;
  for (const std::string& text : texts) {
    const auto size = static_cast<std::uint32_t>(text.size());
    bytes.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(text);
  }
  if (bytes.empty()) return;
  const Shared shared(instance_, std::as_writable_bytes(std::span(bytes)), Access::read);
  (void)call("wasm_ml_name", std::array<Value, 6>{model_, i32(static_cast<std::uint32_t>(what)), i32(index),
                                                  i32(shared.id()), i64(shared.offset()), i64(bytes.size())});
}

std::size_t Forest::width(std::uint32_t what) const {
  if (what == kOutputs) return shape_.n_outputs;
  const std::size_t of_a_tree = what == kTrees && shape_.leaves != kNumber ? shape_.n_outputs : 1;
  return shape_.n_trees * of_a_tree;
}

void Forest::check_output(const Array& output, std::uint32_t element, std::size_t n_elements) const {
  if (output.element() == element && output.n_elements() == n_elements && output.is_contiguous()) return;
  throw Failure(FailureKind::value,
                "the output is not " + std::to_string(n_elements) + " numbers of its type, next to each other");
}

bool Forest::is_small(const std::vector<Array>& blocks, const Array& output) const {
  if (blocks.size() != 1 || blocks[0].n_dimensions() != 2) return false;
  const Array& rows = blocks[0];
  return rows.n_elements() * rows.item_size() <= kSmall && output.extent().size() <= kSmall && rows.is_contiguous() &&
         rows.shape(0) <= kSmallTreeRows / std::max(1U, shape_.n_trees);
}

void Forest::predict_small(const Array& rows, std::uint32_t what, const Array& output) {
  if (small_.in.empty()) {
    small_.in.resize(kRowsAt + kSmall);
    small_.out.resize(kSmall);
    small_.in_id = checked(instance_.share_read_only(small_.in));
    small_.out_id = checked(instance_.share(small_.out));
  }
  const EmbeddedColumns columns{.buffer = small_.in_id,
                                .element = rows.element(),
                                .offset = kRowsAt,
                                .row_stride = i64(rows.shape(1) * rows.item_size()),
                                .column_stride = i64(rows.item_size()),
                                .n_columns = rows.shape(1)};
  std::memcpy(small_.in.data(), &columns, sizeof(columns));
  std::memcpy(small_.in.data() + kRowsAt, rows.data(), rows.n_elements() * rows.item_size());
  (void)call("wasm_ml_predict", std::array<Value, 8>{model_, i32(small_.in_id), std::int64_t{0}, 1,
                                                     i32(static_cast<std::uint32_t>(rows.shape(0))), i32(what),
                                                     i32(small_.out_id), std::int64_t{0}});
  std::memcpy(output.data(), small_.out.data(), output.extent().size());
}

void Forest::predict(const std::vector<Array>& blocks, std::uint32_t what, const Array& output,
                     const std::optional<Seconds>& timeout) {
  const std::size_t n_rows = n_rows_of(blocks);
  if (what >= kWhats) throw Failure(FailureKind::value, "what: 0 outputs, 1 trees, 2 leaves");
  const std::size_t row_width = width(what);
  check_output(output, what == kLeaves ? kUint32 : kFloat32, n_rows * row_width);
  const auto locked = lock();
  if (n_rows == 0) return;
  if (is_small(blocks, output)) return predict_small(blocks[0], what, output);
  Table table(instance_, blocks);
  const Shared out(instance_, output, Access::write);
  const std::size_t at_a_time = std::max(kLeastRows, kTreeRows / std::max(1U, shape_.n_trees));
  const Patience patience(timeout);
  for (std::size_t row = 0; row < n_rows; row += at_a_time) {
    if (row != 0) {
      patience.check();
      table.skip_rows(at_a_time);
    }
    const nb::gil_scoped_release released;
    (void)call("wasm_ml_predict",
               std::array<Value, 8>{model_, i32(table.id()), i64(table.offset()), i32(table.n_blocks()),
                                    i32(static_cast<std::uint32_t>(std::min(at_a_time, n_rows - row))), i32(what),
                                    i32(out.id()), i64(out.offset() + row * row_width * sizeof(float))});
  }
}

void Forest::quantiles(const std::vector<Array>& blocks, const Array& quantiles, const Array& output) {
  const std::size_t n_rows = n_rows_of(blocks);
  if (quantiles.element() != kFloat64 || quantiles.n_dimensions() != 1 || !quantiles.is_contiguous()) {
    throw Failure(FailureKind::value, "quantiles: a list of numbers from 0 to 1");
  }
  const auto n_quantiles = static_cast<std::uint32_t>(quantiles.n_elements());
  check_output(output, kFloat32, n_rows * n_quantiles);
  const auto locked = lock();
  if (n_rows == 0 || n_quantiles == 0) return;
  const nb::gil_scoped_release released;
  const Table table(instance_, blocks);
  std::vector<double> numbers(n_quantiles);
  std::memcpy(numbers.data(), quantiles.data(), n_quantiles * sizeof(double));
  const Shared given(instance_, std::as_writable_bytes(std::span(numbers)), Access::read);
  const Shared out(instance_, output, Access::write);
  (void)call("wasm_ml_quantiles",
             std::array<Value, 9>{model_, i32(table.id()), i64(table.offset()), i32(table.n_blocks()),
                                  i32(static_cast<std::uint32_t>(n_rows)), i32(given.id()), i32(n_quantiles),
                                  i32(out.id()), i64(out.offset())});
}

void Forest::importances(const Array& output) {
  check_output(output, kFloat64, shape_.n_features);
  const auto locked = lock();
  const Shared out(instance_, output, Access::write);
  (void)call("wasm_ml_importances", std::array<Value, 3>{model_, i32(out.id()), i64(out.offset())});
}

void Forest::out_of_bag(const Array& output) {
  // What was not grown here has none, which the module says.
  check_output(output, kFloat64, n_trained_rows_ == 0 ? output.n_elements() : n_trained_rows_ * shape_.n_outputs);
  const auto locked = lock();
  const Shared out(instance_, output, Access::write);
  (void)call("wasm_ml_out_of_bag", std::array<Value, 3>{model_, i32(out.id()), i64(out.offset())});
}

void Forest::tree_offsets(const Array& output) {
  check_output(output, kUint64, std::size_t{shape_.n_trees} + 1);
  const auto locked = lock();
  const Shared out(instance_, output, Access::write);
  (void)call("wasm_ml_tree_offsets", std::array<Value, 3>{model_, i32(out.id()), i64(out.offset())});
}

void Forest::nodes(std::uint64_t first, std::uint64_t n_nodes, const Array& output) {
  constexpr std::size_t kWords = 5;
  if (first > shape_.n_nodes || n_nodes > shape_.n_nodes - first) {
    throw Failure(FailureKind::value, "there are " + std::to_string(shape_.n_nodes) + " nodes");
  }
  check_output(output, kUint32, static_cast<std::size_t>(n_nodes) * kWords);
  const auto locked = lock();
  if (n_nodes == 0) return;
  const nb::gil_scoped_release released;
  const Shared out(instance_, output, Access::write);
  (void)call("wasm_ml_nodes", std::array<Value, 5>{model_, i64(first), i64(n_nodes), i32(out.id()), i64(out.offset())});
}

}  // namespace gpu_host_python
