// Walks rows down trees. Several invocations may share a row, each taking some of
// the trees: a small batch goes parallel over trees.
const kInvocations: u32 = 256u;
const kLeaf: u32 = 0xffffffffu;

override kNodeWindows: u32 = 1;  // that tree-nodes is bound as

@group(0) @binding(0) var<storage, read> samples: array<f32>;
@group(0) @binding(1) var<storage, read> nodes_0: array<vec4u>;
@group(0) @binding(2) var<storage, read> nodes_1: array<vec4u>;
@group(0) @binding(3) var<storage, read> nodes_2: array<vec4u>;
@group(0) @binding(4) var<storage, read> nodes_3: array<vec4u>;
@group(0) @binding(5) var<storage, read> offsets: array<u32>;
@group(0) @binding(6) var<storage, read_write> output: array<u32>;  // the bits of means
@group(0) @binding(6) var<storage, read_write> totals: array<Total>;  // of each group and row

struct Predict {
  n_rows: u32,
  n_features: u32,
  n_nodes: u32,
  node_shift: u32,       // a window has 1 << node_shift nodes
  max_depth: u32,
  first_tree: u32,       // of this launch
  n_trees: u32,
  trees_per_group: u32,  // groups of trees: the grid's z
  lanes: u32,            // invocations that share a row, a power of 2
  adds: u32,             // totals has those of earlier launches
  samples_first: u32,
  offsets_first: u32,
  output_first: u32,
}
var<immediate> predict: Predict;

fn node_at(position: u32) -> vec4u {
  if kNodeWindows == 1u { return nodes_0[position]; }
  let at = position & ((1u << predict.node_shift) - 1u);
  switch position >> predict.node_shift {
    case 0u: { return nodes_0[at]; }
    case 1u: { return nodes_1[at]; }
    case 2u: { return nodes_2[at]; }
    default: { return nodes_3[at]; }
  }
}

fn goes_left(x: f32, threshold: f32) -> bool { return x <= threshold && !is_nan(x) && !is_nan(threshold); }

// Checks in the order of src/forest/evaluate_tree.hpp.
fn leaf_value(tree: u32, row_at: u32) -> f32 {
  let root = offsets[predict.offsets_first + tree];
  if root >= predict.n_nodes {
    report_error(kBadOffset, array(predict.first_tree + tree, root, predict.n_nodes, 0u));
    return 0.0;
  }
  let n_nodes = predict.n_nodes - root;
  // A walk of more edges than there are nodes is in a cycle: it never ends.
  let max_edges = min(predict.max_depth, n_nodes);
  var at = 0u;
  var node = node_at(root);
  for (var edges = 0u; node.x != kLeaf; edges += 1u) {
    if node.x >= predict.n_features {
      report_error(kBadFeature, array(root + at, node.x, predict.n_features, 0u));
      return 0.0;
    }
    if edges == max_edges {
      report_error(kNoLeaf, array(root + at, predict.max_depth, root, 0u));
      return 0.0;
    }
    let is_left = goes_left(samples[row_at + node.x], bitcast<f32>(node.y));
    let child = select(node.w, node.z, is_left);
    if child >= n_nodes {
      report_error(select(kBadRight, kBadLeft, is_left), array(root + at, child, root, n_nodes));
      return 0.0;
    }
    at = child;
    node = node_at(root + at);
  }
  return bitcast<f32>(node.y);
}

fn no_total() -> Total { return Total(Sum(0.0, 0.0), Sum(0.0, 0.0), 0u, 0u); }

var<workgroup> lane_totals: array<Total, 256>;

// Of a row's trees of this group, for its first lane.
fn total_of_trees(row: u32, group: u32, invocation: u32) -> Total {
  let lanes = predict.lanes;
  let lane = invocation % lanes;
  var total = no_total();
  if row < predict.n_rows {
    let row_at = predict.samples_first + row * predict.n_features;
    let begin = group * predict.trees_per_group;
    let end = min(begin + predict.trees_per_group, predict.n_trees);
    for (var tree = begin + lane; tree < end; tree += lanes) { add_value(&total, leaf_value(tree, row_at)); }
  }
  if lanes == 1u { return total; }
  lane_totals[invocation] = total;
  for (var half = lanes / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if lane < half { lane_totals[invocation] = combined(lane_totals[invocation], lane_totals[invocation + half]); }
  }
  return lane_totals[invocation];
}

fn row_of(workgroup: vec3u, count: vec3u, invocation: u32) -> u32 {
  return line_index(workgroup, count) * (kInvocations / predict.lanes) + invocation / predict.lanes;
}

@compute @workgroup_size(256)
fn predict_means(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u,
                 @builtin(local_invocation_index) invocation: u32) {
  let row = row_of(workgroup, count, invocation);
  let total = total_of_trees(row, 0u, invocation);
  if row < predict.n_rows && invocation % predict.lanes == 0u {
    output[predict.output_first + row] = mean_bits(total, predict.n_trees);
  }
}

// Of some trees of all, in groups.
@compute @workgroup_size(256)
fn predict_totals(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u,
                  @builtin(local_invocation_index) invocation: u32) {
  let row = row_of(workgroup, count, invocation);
  var total = total_of_trees(row, workgroup.z, invocation);
  if row < predict.n_rows && invocation % predict.lanes == 0u {
    let at = workgroup.z * predict.n_rows + row;
    if predict.adds != 0u { total = combined(totals[at], total); }
    totals[at] = total;
  }
}

struct Groups {
  n_rows: u32,
  n_groups: u32,
  n_trees: u32,
  output_first: u32,
}
var<immediate> groups: Groups;

@group(0) @binding(8) var<storage, read> group_totals: array<Total>;

@compute @workgroup_size(256)
fn add_groups(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u,
              @builtin(local_invocation_index) invocation: u32) {
  let row = line_index(workgroup, count) * kInvocations + invocation;
  if row >= groups.n_rows { return; }
  var total = no_total();
  for (var group = 0u; group < groups.n_groups; group += 1u) {
    total = combined(total, group_totals[group * groups.n_rows + row]);
  }
  output[groups.output_first + row] = mean_bits(total, groups.n_trees);
}
