#include "backend/cuda/kernels/batch_predict.hpp"

namespace gpu_host::cuda {
namespace {

constexpr u32 kThreads = 256;
constexpr u32 kLeaf = 0xffffffffU;

// As it lies in tree-nodes.
struct Node {
  u32 feature;
  float threshold;
  u32 left;
  u32 right;
};

__device__ Node node_at(const u32* nodes, u64 position) {
  const uint4 words = __ldg(reinterpret_cast<const uint4*>(nodes) + position);
  return {words.x, __uint_as_float(words.y), words.z, words.w};
}

// Visits at most `max_steps` nodes and takes them off; false where it must stop before
// the leaf is reached: for the next launch, or (`walker.tree` is then past the last) after
// a report. Checks in the order of src/forest/evaluate_tree.hpp.
__device__ bool walk_tree(const WalkTrees& p, const float* row, Walker& walker, u32& max_steps) {
  const u64 root = __ldg(p.offsets + walker.tree);
  const u64 n_nodes = root < p.n_nodes ? p.n_nodes - root : 0;
  if (n_nodes == 0) {
    report_error(p.errors, ReportKind::bad_offset, walker.tree, root, p.n_nodes);
    walker.tree = p.n_trees;
    return false;
  }
  // A walk of more edges than there are nodes is in a cycle: it never ends.
  const u32 max_edges = n_nodes < p.max_depth ? static_cast<u32>(n_nodes) : p.max_depth;
  u32 at = walker.at;
  u32 edges = walker.edges;
  for (; max_steps > 0; --max_steps) {
    const Node node = node_at(p.nodes, root + at);
    if (node.feature == kLeaf) {
      --max_steps;
      walker.sum += static_cast<double>(node.threshold);
      walker.at = 0;
      walker.edges = 0;
      return true;
    }
    if (node.feature >= p.n_features) {
      report_error(p.errors, ReportKind::bad_feature, root + at, node.feature, p.n_features);
      break;
    }
    if (edges == max_edges) {
      report_error(p.errors, ReportKind::no_leaf, root + at, p.max_depth, root);
      break;
    }
    const bool is_left = __ldg(row + node.feature) <= node.threshold;
    const u32 child = is_left ? node.left : node.right;
    if (child >= n_nodes) {
      report_error(p.errors, is_left ? ReportKind::bad_left : ReportKind::bad_right, root + at, child, root, n_nodes);
      break;
    }
    at = child;
    ++edges;
  }
  walker.at = at;
  walker.edges = edges;
  if (max_steps > 0) walker.tree = p.n_trees;
  return false;
}

}  // namespace

extern "C" __global__ void __launch_bounds__(kThreads) walk_trees(WalkTrees p) {
  const u64 thread = u64{blockIdx.x} * kThreads + threadIdx.x;
  const u64 row = thread >> p.shares_log2;
  if (row >= p.n_rows) return;
  const u32 n_shares = 1U << p.shares_log2;
  Walker walker{0, thread & (n_shares - 1), 0, 0};
  if (p.launch_number > 1) walker = p.walkers[thread];

  const float* const values = p.samples + row * p.n_features;
  u32 max_steps = p.max_steps;
  while (walker.tree < p.n_trees && walk_tree(p, values, walker, max_steps)) walker.tree += n_shares;
  if (p.walkers == nullptr) {
    p.output[row] = static_cast<float>(walker.sum / p.n_trees);
    return;
  }
  p.walkers[thread] = walker;
  if (walker.tree < p.n_trees) *p.unfinished = p.launch_number;  // all write the same
}

// The means of rows whose shares are known.
extern "C" __global__ void __launch_bounds__(kThreads) add_shares(AddShares p) {
  __shared__ double sums[kThreads];
  const u32 thread = threadIdx.x;
  const u32 width = 1U << p.width_log2;
  const u32 lane = thread & (width - 1);
  const u64 row = (u64{blockIdx.x} * kThreads + thread) >> p.width_log2;
  double sum = 0;
  if (row < p.n_rows) {
    const Walker* const walkers = p.walkers + (row << p.shares_log2);
    for (u32 share = lane; share >> p.shares_log2 == 0; share += width) sum += walkers[share].sum;
  }
  for (u32 half = width / 2; half > 0; half /= 2) {
    sums[thread] = sum;
    __syncthreads();
    if (lane < half) sum += sums[thread + half];
    __syncthreads();
  }
  if (row < p.n_rows && lane == 0) p.output[row] = static_cast<float>(sum / p.n_trees);
}

}  // namespace gpu_host::cuda
