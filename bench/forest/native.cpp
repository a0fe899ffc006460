// The same engine as train_forest.cpp's, called from C++, on arrays that are not copied: what it takes without a
// sandbox.
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "backend/registry.hpp"
#include "task.hpp"
#include "wasi_gpu/forest.hpp"

namespace {

using forest_bench::fail;
using forest_bench::Task;
using forest_bench::Times;
using gpu_host::GpuResult;
using gpu_host::Session;
namespace host = gpu_host::wasi_gpu;

template <class T>
T checked(GpuResult<T> result) {
  if (!result) fail(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void grow(Session& session, const Task& task, gpu_host::BufferId x, gpu_host::BufferId y, double& spent) {
  Times times;
  forest_bench::Stopwatch watch;
  const std::int64_t row_bytes = std::int64_t{task.features} * std::int64_t{sizeof(float)};
  const auto data = checked(host::data_set_create(
      session,
      {.n_rows = task.rows,
       .features = {{.buffer = x, .row_stride = row_bytes, .column_stride = sizeof(float), .n_columns = task.features}},
       .targets = {.buffer = y, .stride = sizeof(float)},
       .n_classes = task.classes,
       .draw_weights = {},
       .criterion_weights = {},
       .max_bins = 255,
       .fine_bins = true}));
  times.bins = watch.lap();
  const auto growth = checked(host::growth_start(session, data,
                                                 {.n_trees = task.trees,
                                                  .max_features = task.mtry,
                                                  .max_depth = task.depth,
                                                  .min_samples_split = 2,
                                                  .min_samples_leaf = 1,
                                                  .n_draws = task.rows}));
  if (checked(host::growth_grow(session, growth, task.trees)) != task.trees) fail("the forest did not grow to its end");
  times.growth = watch.lap();
  const auto model = checked(host::growth_finish(session, growth));
  times.finish = watch.lap();
  times.print(checked(host::model_shape(session, model)).n_nodes);
  spent += times.sum();
  if (!host::growth_drop(session, growth) || !host::data_set_drop(session, data) || !host::model_drop(session, model)) {
    fail("a resource is gone");
  }
}

}  // namespace

int main(int count, char** words) {
  const Task task(count, words);
  std::vector<float> values = task.read_values();
  std::vector<float> targets = task.read_targets();
  Session session([] { return gpu_host::open_device({.backend = "cpu", .index = {}}); }, {});
  const auto share = [&](std::vector<float>& array) {
    return checked(
        session.share({.bytes = std::as_writable_bytes(std::span(array)), .read_only = true, .owner = nullptr}));
  };
  const auto x = share(values);
  const auto y = share(targets);
  double spent = 0;
  do grow(session, task, x, y, spent);
  while (spent < task.seconds);
  return 0;
}
