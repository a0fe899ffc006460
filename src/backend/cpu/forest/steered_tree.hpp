// A tree that is grown level by level, and whose splits others may choose. Left to itself it becomes what TreeGrower
// grows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "backend/cpu/forest/data_set.hpp"
#include "backend/cpu/poll.hpp"
#include "backend/forest_engine.hpp"
#include "forest/model.hpp"
#include "forest/parameters.hpp"

namespace gpu_host::cpu {

// Open nodes are named by their places in open_nodes(). Where a poll says to stop, a call ends early, its result means
// nothing, and the tree is as it was. Questions about different nodes may be asked by several threads at a time, each
// with a scratch of its own.
class SteeredTree {
 public:
  // What a thread needs to look for splits. Serves all trees of the same data and parameters.
  class Scratch {
   public:
    virtual ~Scratch() = default;
  };

  virtual ~SteeredTree() = default;

  // All of the same depth, from left to right. None: the tree is finished.
  [[nodiscard]] virtual std::span<const OpenNode> open_nodes() const = 0;

  // Looks for the node's best split, where that is not known yet.
  virtual void find(std::uint32_t node, Scratch& scratch, Poll& poll) = 0;
  // The same, and what it does.
  [[nodiscard]] virtual std::optional<FoundSplit> best(std::uint32_t node, Scratch& scratch, Poll& poll) = 0;
  [[nodiscard]] virtual ValueRange value_range(std::uint32_t node, std::uint32_t feature, Poll& poll) const = 0;
  // With the threshold that the model would have.
  [[nodiscard]] virtual std::optional<FoundSplit> evaluate(std::uint32_t node, const ForestSplit& split,
                                                           Poll& poll) const = 0;

  // False, and the node is undecided, where evaluate() would give none. For one thread at a time, as all that follows.
  [[nodiscard]] virtual bool split(std::uint32_t node, const ForestSplit& split, Poll& poll) = 0;
  virtual void make_leaf(std::uint32_t node) = 0;
  virtual void forget_decisions() = 0;
  // Bytes that advance() needs at most, and the tree then holds, beyond bytes().
  [[nodiscard]] virtual std::uint64_t bytes_to_advance() const = 0;
  // On to the next level: by decisions, and by their best splits for nodes without one.
  virtual void advance(Scratch& scratch, Poll& poll) = 0;
  // Makes all open nodes leaves.
  virtual void close(Poll& poll) = 0;

  // Of a finished tree, which ends here.
  [[nodiscard]] virtual forest::Tree take() = 0;
  [[nodiscard]] virtual std::uint64_t bytes() const = 0;
};

// Bytes that a tree needs at most to begin, and then holds; and at any time, if it is grown to its end.
[[nodiscard]] std::uint64_t bytes_to_begin_tree(const DataSet& data);
[[nodiscard]] std::uint64_t most_bytes_of_tree(const DataSet& data, const forest::Parameters& parameters);
// `data` and `parameters` outlive what is made. Without any node where the poll says to stop.
[[nodiscard]] std::unique_ptr<SteeredTree> steered_tree(const DataSet& data, const forest::Parameters& parameters,
                                                        std::uint32_t number, Poll& poll);
[[nodiscard]] std::unique_ptr<SteeredTree::Scratch> steered_scratch(const DataSet& data,
                                                                    const forest::Parameters& parameters);

}  // namespace gpu_host::cpu
