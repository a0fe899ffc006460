// Small trees for batches: all rows pass all nodes of a tree, and one instruction compares many of them, as values and
// thresholds are ranks of 16 bits. They reach what they would walk to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "backend/cpu/forest/model_trees.hpp"
#include "backend/cpu/forest/rank_loops.hpp"
#include "backend/cpu/parallel.hpp"

namespace gpu_host::cpu {

struct Tiles;

class RankedTrees {
 public:
  // Whether trees of the shape may be ranked on this machine.
  [[nodiscard]] static bool suits(const TreesShape& shape);
  // From how many rows on it is faster than to walk, and after how many it has paid to rank the trees.
  [[nodiscard]] static std::uint64_t least_rows(const TreesShape& shape) { return shape.n_leaves() / shape.n_trees(); }
  [[nodiscard]] static std::uint64_t worth_rows(const TreesShape& shape) { return 8 * least_rows(shape); }
  // At most.
  [[nodiscard]] static std::uint64_t bytes(const TreesShape& shape);

  // Nothing where a feature has too many thresholds, or the workers are told to stop.
  [[nodiscard]] static std::unique_ptr<RankedTrees> make(const ModelTrees& trees, Workers& workers);

  // The ranks of rows.
  class Rows {
   public:
    Rows(const RankedTrees& trees, const Tiles& tiles);

    // Numbers of the leaves that they reach, as those of nodes.
    void walk(std::size_t tree, std::uint32_t* nodes);

   private:
    // Half of the vectors would lie in two lines of the cache.
    template <class T>
    struct alignas(64) Line {
      T numbers[64 / sizeof(T)];
    };

    const RankedTrees& trees_;
    std::size_t n_rows_;
    std::unique_ptr<Line<std::int16_t>[]> ranks_;  // of kRankRows rows after the other
    std::unique_ptr<Line<std::uint16_t>[]> places_;
  };

 private:
  explicit RankedTrees(const TreesShape& shape) : n_features_(shape.n_features), trees_(shape.n_trees()) {}

  [[nodiscard]] bool find_thresholds(const ModelTrees& trees, Workers& workers);
  struct Tree {
    std::vector<RankStep> steps;
    std::vector<std::uint16_t> leaves;  // numbers of nodes
  };
  [[nodiscard]] Tree ranked(const ModelTrees& trees, std::size_t tree) const;
  [[nodiscard]] RankTest test(const WalkNode& node) const;
  [[nodiscard]] std::int32_t rank(std::size_t feature, std::uint32_t value) const;
  [[nodiscard]] std::size_t n_columns() const { return std::size_t{n_features_} * (has_missing_left_ ? 2 : 1); }

  std::uint32_t n_features_;
  bool has_missing_left_ = false;
  std::vector<std::uint64_t> first_thresholds_;  // of each feature, and their number
  std::vector<std::uint32_t> thresholds_;        // of a feature ascending
  std::vector<Tree> trees_;
};

}  // namespace gpu_host::cpu
