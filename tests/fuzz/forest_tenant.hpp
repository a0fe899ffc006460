// The instance that forest_run.cpp's calls are made on, and what can be read of its models.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fuzz/check.hpp"
#include "wasi_gpu/compute.hpp"
#include "wasi_gpu/forest.hpp"

namespace gpu_host::fuzz {

inline constexpr std::uint64_t kBytes = 2048;  // of each of the buffers

struct Trees {
  std::vector<std::uint64_t> offsets;
  std::vector<std::byte> nodes;
  std::vector<std::byte> leaf_classes;
  friend bool operator==(const Trees&, const Trees&) = default;
};

// Whether leaves hold what is not in their nodes, and it can be written.
[[nodiscard]] bool has_values(const ForestShape& shape);

// What every model that was grown is, whoever chose its splits.
void check_trees(const Trees& trees, const ForestShape& shape);

// A session with the buffers 1 and 2: numbers, and any bytes.
class Tenant {
 public:
  explicit Tenant(std::uint64_t quota);

  Session& session() { return session_; }
  std::uint64_t used() { return session_.buffers().memory().used(); }

  template <class Write>
  std::vector<std::byte> written(std::uint64_t size, const Write& write) {
    std::vector<std::byte> bytes(size);
    if (size == 0) return bytes;
    const auto buffer = session_.share({.bytes = bytes, .read_only = false, .owner = nullptr});
    check(buffer.has_value(), "no buffer for output");
    check(write(*buffer).has_value(), "a model cannot be written");
    check(wasi_gpu::buffer_destroy(session_, *buffer).has_value(), "a buffer cannot be destroyed");
    return bytes;
  }

  Trees trees_of(wasi_gpu::ResourceHandle model);

 private:
  void add(std::span<const std::byte> bytes);

  Session session_;
};

}  // namespace gpu_host::fuzz
