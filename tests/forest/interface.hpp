// Forests as a guest's calls grow them: on a session of its own, from data that lie in buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "forest/random_case.hpp"
#include "wasi_gpu/forest.hpp"

namespace gpu_host::forest_test {

using wasi_gpu::Columns;
using wasi_gpu::DataSetParams;
using wasi_gpu::GrowthParams;
using wasi_gpu::Numbers;
using wasi_gpu::ResourceHandle;
using wasi_gpu::Table;

// The value of a call that must succeed: else the test ends.
template <class T>
T must(GpuResult<T> result) {
  if (!result) throw std::runtime_error(describe(result.error()));
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

struct ModelNode {
  std::int32_t feature = -1;
  float value = 0;
  std::uint32_t left = 0;
  std::uint32_t missing = 0;
  std::uint32_t weight = 0;
  friend bool operator==(const ModelNode&, const ModelNode&) = default;
};
static_assert(sizeof(ModelNode) == sizeof(ForestNode));

// The trees of a model, as it writes them.
struct Trees {
  std::vector<std::uint64_t> offsets;
  std::vector<ModelNode> nodes;
  std::vector<std::uint32_t> leaf_classes;
  friend bool operator==(const Trees&, const Trees&) = default;

  [[nodiscard]] std::size_t n_trees() const { return offsets.size() - 1; }
  [[nodiscard]] std::span<const ModelNode> tree(std::size_t number) const {
    return std::span(nodes).subspan(offsets[number], offsets[number + 1] - offsets[number]);
  }
  // Its first trees.
  [[nodiscard]] Trees first(std::size_t n_trees, std::uint32_t n_classes) const;
};

class Tenant {
 public:
  struct Options {
    std::uint32_t threads = 1;
    std::optional<std::uint64_t> memory = {};
    std::string backend = "cpu";
  };
  Tenant() : Tenant(Options{}) {}
  explicit Tenant(const Options& options);

  [[nodiscard]] Session& session() { return session_; }
  [[nodiscard]] std::uint64_t used() { return session_.buffers().memory().used(); }

  // Makes bytes a buffer: an embedder's, which takes none of the quota.
  BufferId share(std::vector<std::byte> bytes, bool read_only = false);
  // The guest's own, which does.
  BufferId upload(std::span<const std::byte> bytes);
  void destroy(BufferId buffer);

 private:
  Session session_;
};

// What a buffer of `n` elements holds once `write` has been given it.
template <class T, class Write>
std::vector<T> written(Tenant& tenant, std::size_t n, const Write& write);

// -- data sets
// Buffers with a case's data.
struct Placed {
  DataSetParams params;
  std::vector<BufferId> buffers;
};
// Columns one after the other, as f32; targets and weights as f64.
[[nodiscard]] Placed place(Tenant& tenant, const Case& one);
// In any layout.
[[nodiscard]] Placed place_somehow(Tenant& tenant, const Case& one, Dice& dice);
void destroy(Tenant& tenant, const Placed& placed);
// Placed, and its buffers destroyed again.
[[nodiscard]] ResourceHandle data_set_of(Tenant& tenant, const Case& one);

// Writes a number as an element of a type, at any address.
void encode(double value, ElementType element, std::byte* to);

// -- growth
// A random case with parameters that the interface takes.
[[nodiscard]] Case case_of(std::uint32_t seed);
[[nodiscard]] GrowthParams growth_params(const Case& one, bool out_of_bag = false);

// The trees of a model, or of a growth whose trees are all finished, which it ends and drops.
[[nodiscard]] Trees trees_of(Tenant& tenant, ResourceHandle model);
[[nodiscard]] Trees finish(Tenant& tenant, ResourceHandle growth);
[[nodiscard]] Trees grow(Tenant& tenant, ResourceHandle data, const GrowthParams& params);
// All in one: nothing stays.
[[nodiscard]] Trees grow(Tenant& tenant, const Case& one);

// -- models
// Of a growth that is dropped again, as its data set is.
[[nodiscard]] ResourceHandle grow_model(Tenant& tenant, const Case& one, const GrowthParams& params);
// A buffer that holds a copy of numbers, or of nodes.
template <class T>
BufferId buffer_of(Tenant& tenant, const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return tenant.share({bytes.begin(), bytes.end()});
}
// Rows of f32 from a buffer's start on, next to each other.
[[nodiscard]] Table table_of(BufferId buffer, std::uint32_t n_rows, std::uint32_t n_features);

[[nodiscard]] Trees trees_of(const std::vector<forest_reference::Tree>& trees, std::uint32_t n_classes);
// Fails the test where trees differ, and says where.
void expect_same(const Trees& expected, const Trees& grown);

template <class T, class Write>
std::vector<T> written(Tenant& tenant, std::size_t n, const Write& write) {
  std::vector<T> values(n);
  if (n == 0) return values;
  const auto bytes = std::as_writable_bytes(std::span(values));
  const BufferId buffer = must(tenant.session().share({.bytes = bytes, .read_only = false, .owner = nullptr}));
  must(write(buffer));
  tenant.destroy(buffer);  // at the latest now they are here
  return values;
}

}  // namespace gpu_host::forest_test
