// Scores thresholds on the rows of a node. `sum_blocks` takes blocks of rows, each in
// tiles: a workgroup loads a tile, then every invocation runs over some of its rows
// for one threshold. `combine` adds up the blocks.
//
//   score = squares - left^2 / left's count - right^2 / right's count
//
// of labels less a shift near their mean, in sums of two floats: what is left may be
// far less than the terms. Labels are scaled: squares overflow only where the score
// cannot be told from infinity, and those of tiny labels are not flushed to zero.
const kInvocations: u32 = 256u;
const kScale: f32 = 0x1p-12f;
const kUnscale: f32 = 0x1p12f;
const kTiny: f32 = 0x1p-40f;
const kScaleOfTiny: f32 = 0x1p24f;

@group(0) @binding(0) var<storage, read> data: array<u32>;  // the bits of floats
@group(0) @binding(1) var<storage, read> labels: array<f32>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(3) var<storage, read> thresholds: array<u32>;
// Scores where there is one block of rows, else what `combine` reads.
@group(0) @binding(4) var<storage, read_write> sums: array<u32>;

// The left side of a threshold.
struct Left {
  count: u32,
  sum: Sum,
}

// All rows.
struct All {
  sum: Sum,
  squares: Sum,
  largest: u32,  // label, its magnitude_bits
}

fn add_left(a: Left, b: Left) -> Left { return Left(a.count + b.count, add_sums(a.sum, b.sum)); }
fn add_all(a: All, b: All) -> All {
  return All(add_sums(a.sum, b.sum), add_sums(a.squares, b.squares), max(a.largest, b.largest));
}

// x without its lower 12 bits: products of two such are exact. Not of tiny numbers,
// whose parts would be flushed to zero.
fn upper_part(x: f32) -> f32 { return select(bitcast<f32>(bitcast<u32>(x) & 0xfffff000u), x, abs(x) < 0x1p-50f); }

fn square(x: Sum) -> Sum {
  let upper = upper_part(x.value);
  let lower = x.value - upper;
  return add_to(add_to(Sum(upper * upper, 0.0), (x.value + upper) * lower), 2.0 * x.value * x.rest);
}

fn divide(x: Sum, n: u32) -> Sum {
  let guess = x.value / f32(n);
  let upper = upper_part(guess);
  let lower = guess - upper;
  var rest = x;
  var unit = 1.0;
  for (var digits = n; digits != 0u; digits >>= 12u) {
    let part = f32(digits & 0xfffu) * unit;
    rest = add_to(add_to(rest, -upper * part), -lower * part);
    unit *= 4096.0;
  }
  return Sum(guess, rounded(rest) / f32(n));
}

fn minus(x: Sum) -> Sum { return Sum(-x.value, -x.rest); }

// The bits of the score of `n` rows, whose labels were scaled.
fn score(n: u32, scale: f32, all: All, left: Left) -> u32 {
  if left.count == 0u || left.count == n { return kInfinityBits; }
  let right = add_sums(all.sum, minus(left.sum));
  let explained = add_sums(divide(square(left.sum), left.count), divide(square(right), n - left.count));
  let unscale = select(kUnscale * kUnscale, 0x1p-48f, scale == kScaleOfTiny);
  let value = rounded(add_sums(all.squares, minus(explained))) * unscale;
  if is_finite(value) { return bitcast<u32>(max(value, 0.0)); }
  return select(kInfinityBits, kNanBits, all.largest >= kInfinityBits);
}

var<workgroup> lefts: array<Left, 256>;
var<workgroup> alls: array<All, 256>;
var<workgroup> tile: array<vec2u, 256>;  // a row's key, the bits of its label
var<workgroup> first_labels: array<f32, 256>;

// The sum over the invocations that have the same threshold: `width` of them lie
// side by side. For the first `width` invocations.
fn add_up_left(mine: Left, invocation: u32, width: u32) -> Left {
  lefts[invocation] = mine;
  for (var half = kInvocations / 2u; half >= width; half /= 2u) {
    workgroupBarrier();
    if invocation < half { lefts[invocation] = add_left(lefts[invocation], lefts[invocation + half]); }
  }
  return lefts[invocation];
}

fn add_up_all(mine: All, invocation: u32) -> All {
  alls[invocation] = mine;
  for (var half = kInvocations / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if invocation < half { alls[invocation] = add_all(alls[invocation], alls[invocation + half]); }
  }
  workgroupBarrier();
  return alls[0];
}

// Where the sums of blocks lie, for `combine`: the scale and the shift, All of each block,
// then each member of Left for all blocks and thresholds.
const kAllsAt: u32 = 2u;
const kAllSize: u32 = 5u;
fn left_at(n_blocks: u32, n_thresholds: u32, block: u32, threshold: u32) -> u32 {
  return kAllsAt + kAllSize * n_blocks + block * n_thresholds + threshold;
}

// Comparing keys compares the floats, whatever a driver does to NaN and
// subnormals. A row that is NaN is above all thresholds, a threshold that is NaN below all rows.
const kAboveAll: u32 = 0xffffffffu;
fn key_of(bits: u32) -> u32 {
  if bits == 0x80000000u { return bits; }  // -0 equals 0
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}
fn is_nan_bits(bits: u32) -> bool { return (bits & 0x7fffffffu) > kInfinityBits; }

// -- sum_blocks --------------------------------------------------------------------

struct Blocks {
  n: u32,               // rows of this launch
  first_position: u32,  // of the first one among the node's rows
  block: u32,           // rows in a block
  first_block: u32,
  n_blocks: u32,        // of all launches
  is_gathered: u32,     // data and labels lie as `gather` writes them
  n_rows: u32,          // of the table
  n_features: u32,
  n_thresholds: u32,
  width: u32,           // thresholds per workgroup
  data_first: u32,
  labels_first: u32,
  indices_first: u32,
  thresholds_first: u32,
  sums_first: u32,
}
var<immediate> blocks: Blocks;

struct Row {
  key: u32,
  label: f32,
}

fn load_row(i: u32) -> Row {
  var row = i;
  if blocks.is_gathered == 0u {
    row = indices[blocks.indices_first + i];
    if row >= blocks.n_rows {
      report_error(kBadRow, array(blocks.first_position + i, row, blocks.n_rows, 0u));
      return Row(kAboveAll, 0.0);
    }
  }
  let bits = data[blocks.data_first + row * blocks.n_features];
  return Row(select(key_of(bits), kAboveAll, is_nan_bits(bits)), labels[blocks.labels_first + row]);
}

// How labels are scaled, and what is then taken off them.
struct Shift {
  scale: f32,
  mean: f32,
}

// By the node's first labels, so it is the same for all blocks.
fn label_shift(invocation: u32) -> Shift {
  if blocks.first_position != 0u {
    return Shift(bitcast<f32>(sums[blocks.sums_first]), bitcast<f32>(sums[blocks.sums_first + 1u]));
  }
  let n = min(blocks.n, kInvocations);
  var label = 0.0;
  if invocation < n { label = load_row(invocation).label; }
  first_labels[invocation] = label * kScale;
  for (var half = kInvocations / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if invocation < half { first_labels[invocation] += first_labels[invocation + half]; }
  }
  workgroupBarrier();
  var mean = first_labels[0] / f32(max(n, 1u)) * kUnscale;
  if !is_finite(mean) { mean = 0.0; }
  workgroupBarrier();
  first_labels[invocation] = select(0.0, abs(label - mean), invocation < n);
  for (var half = kInvocations / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if invocation < half { first_labels[invocation] = max(first_labels[invocation], first_labels[invocation + half]); }
  }
  workgroupBarrier();
  let is_tiny = first_labels[0] > 0.0 && first_labels[0] < kTiny;
  let scale = select(kScale, kScaleOfTiny, is_tiny);
  return Shift(scale, mean * scale);
}

@compute @workgroup_size(256)
fn sum_blocks(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let shift = label_shift(invocation);
  let width = blocks.width;
  let threshold = workgroup.y * width + invocation % width;
  let has_threshold = threshold < blocks.n_thresholds;
  var threshold_key = 0u;
  if has_threshold {
    let bits = thresholds[blocks.thresholds_first + threshold];
    threshold_key = select(key_of(bits), 0u, is_nan_bits(bits));
  }

  var all = All(Sum(0.0, 0.0), Sum(0.0, 0.0), 0u);
  var left_count = 0u;
  var left_sum = Sum(0.0, 0.0);
  let end = min((workgroup.x + 1u) * blocks.block, blocks.n);
  for (var begin = workgroup.x * blocks.block; begin < end; begin += kInvocations) {
    var label = 0.0;
    var key = kAboveAll;
    if invocation < end - begin {
      let row = load_row(begin + invocation);
      key = row.key;
      label = row.label * shift.scale - shift.mean;
      all.sum = add_to(all.sum, label);
      all.squares = add_sums(all.squares, square(Sum(label, 0.0)));
      all.largest = max(all.largest, magnitude_bits(row.label));
    }
    workgroupBarrier();  // the tile before is done with
    tile[invocation] = vec2u(key, bitcast<u32>(label));
    workgroupBarrier();
    let n = min(end - begin, kInvocations);
    for (var i = invocation / width; i < n; i += kInvocations / width) {
      let row = tile[i];
      let is_left = row.x <= threshold_key;
      left_count += select(0u, 1u, is_left);
      left_sum = add_to(left_sum, select(0.0, bitcast<f32>(row.y), is_left));
    }
  }

  all = add_up_all(all, invocation);
  let left = add_up_left(Left(left_count, left_sum), invocation, width);
  let writes = invocation < width && has_threshold;
  if blocks.n_blocks == 1u {
    if writes { sums[blocks.sums_first + threshold] = score(blocks.n, shift.scale, all, left); }
    return;
  }
  let block = blocks.first_block + workgroup.x;
  if writes {
    let at = blocks.sums_first + left_at(blocks.n_blocks, blocks.n_thresholds, block, threshold);
    let size = blocks.n_blocks * blocks.n_thresholds;
    sums[at] = left.count;
    sums[at + size] = bitcast<u32>(left.sum.value);
    sums[at + 2u * size] = bitcast<u32>(left.sum.rest);
  }
  if workgroup.y == 0u && invocation == 0u {
    if block == 0u {
      sums[blocks.sums_first] = bitcast<u32>(shift.scale);
      sums[blocks.sums_first + 1u] = bitcast<u32>(shift.mean);
    }
    let at = blocks.sums_first + kAllsAt + kAllSize * block;
    sums[at] = bitcast<u32>(all.sum.value);
    sums[at + 1u] = bitcast<u32>(all.sum.rest);
    sums[at + 2u] = bitcast<u32>(all.squares.value);
    sums[at + 3u] = bitcast<u32>(all.squares.rest);
    sums[at + 4u] = all.largest;
  }
}

// -- combine -----------------------------------------------------------------------

struct Combine {
  n: u32,  // rows of the node
  n_blocks: u32,
  n_thresholds: u32,
  width: u32,
  sums_first: u32,
  scores_first: u32,
}
var<immediate> parts: Combine;

@group(0) @binding(5) var<storage, read> block_sums: array<u32>;
@group(0) @binding(4) var<storage, read_write> scores: array<u32>;

fn sum_at(value: u32, rest: u32) -> Sum { return Sum(bitcast<f32>(block_sums[value]), bitcast<f32>(block_sums[rest])); }

@compute @workgroup_size(256)
fn combine(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u,
           @builtin(local_invocation_index) invocation: u32) {
  var all = All(Sum(0.0, 0.0), Sum(0.0, 0.0), 0u);
  for (var block = invocation; block < parts.n_blocks; block += kInvocations) {
    let at = parts.sums_first + kAllsAt + kAllSize * block;
    all = add_all(all, All(sum_at(at, at + 1u), sum_at(at + 2u, at + 3u), block_sums[at + 4u]));
  }
  all = add_up_all(all, invocation);

  let width = parts.width;
  let threshold = line_index(workgroup, count) * width + invocation % width;
  let has_threshold = threshold < parts.n_thresholds;
  var left = Left(0u, Sum(0.0, 0.0));
  if has_threshold {
    let size = parts.n_blocks * parts.n_thresholds;
    for (var block = invocation / width; block < parts.n_blocks; block += kInvocations / width) {
      let at = parts.sums_first + left_at(parts.n_blocks, parts.n_thresholds, block, threshold);
      left = add_left(left, Left(block_sums[at], sum_at(at + size, at + 2u * size)));
    }
  }
  left = add_up_left(left, invocation, width);
  if invocation < width && has_threshold {
    scores[parts.scores_first + threshold] = score(parts.n, bitcast<f32>(block_sums[parts.sums_first]), all, left);
  }
}

// -- gather ------------------------------------------------------------------------

struct Gather {
  n: u32,
  first_position: u32,
  first_row: u32,  // of the rows that are bound
  n_rows: u32,
  is_last: u32,    // the table has no rows beyond these
  n_features: u32,
  data_first: u32,
  labels_first: u32,
  indices_first: u32,
}
var<immediate> gathered: Gather;

@group(0) @binding(6) var<storage, read_write> gathered_data: array<u32>;
@group(0) @binding(8) var<storage, read_write> gathered_labels: array<f32>;

@compute @workgroup_size(256)
fn gather(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u,
          @builtin(local_invocation_index) invocation: u32) {
  let i = line_index(workgroup, count) * kInvocations + invocation;
  if i >= gathered.n { return; }
  let index = indices[gathered.indices_first + i];
  if index < gathered.first_row { return; }
  let row = index - gathered.first_row;
  if row >= gathered.n_rows {
    if gathered.is_last != 0u {
      report_error(kBadRow, array(gathered.first_position + i, index, gathered.first_row + gathered.n_rows, 0u));
    }
    return;
  }
  gathered_data[i] = data[gathered.data_first + row * gathered.n_features];
  gathered_labels[i] = labels[gathered.labels_first + row];
}
