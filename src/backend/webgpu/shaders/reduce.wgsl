// Pass 1: each workgroup makes one total of its tiles. Pass 2: one workgroup makes one of
// all of these. The variance takes both twice, the second time about the mean.

// As ReduceOp (kernel_params.hpp).
override operation: u32;
const kSum: u32 = 0u;
const kMax: u32 = 1u;
const kMin: u32 = 2u;
const kMean: u32 = 3u;
const kVariance: u32 = 4u;

struct Parameters {
  first: u32,   // pass 1: elements [first, end) of `input`
  end: u32,
  place: u32,   // pass 1: where the totals begin; pass 2: the element of `output`
  totals: u32,  // pass 2: how many there are, from 1 on
  count: u32,   // pass 2: of all elements
}
var<immediate> parameters: Parameters;

@group(0) @binding(0) var<storage, read> input: array<vec4f>;
// The first one is the centre of a variance: low = (mean · scale, scale).
@group(0) @binding(1) var<storage, read_write> totals: array<Total>;
@group(0) @binding(2) var<storage, read_write> output: array<u32>;

// Vectors that each lane loads at a time, 256 apart: memory stays busy while they are added.
const kVectors: u32 = 4u;
const kTile: u32 = kVectors * 256u;

// Numbers in the order of floats, for min the other way round; NaN beyond them all.
fn ranks(v: vec4f) -> vec4u {
  let bits = bitcast<vec4u>(v);
  let signs = bitcast<vec4u>(bitcast<vec4i>(bits) >> vec4u(31u));
  let rising = bits ^ (signs | vec4u(0x80000000u));
  let ranks = select(rising, ~rising, operation == kMin);
  return select(ranks, vec4u(0xffffffffu), (bits & vec4u(0x7fffffffu)) > vec4u(kInfinityBits));
}

fn float_bits(rank: u32) -> u32 {
  if rank == 0xffffffffu { return kNanBits; }
  let rising = select(rank, ~rank, operation == kMin);
  return select(~rising, rising ^ 0x80000000u, rising >= 0x80000000u);
}

// Scaled so that the largest value is about 1: squares then do not overflow.
var<private> mean: f32;
var<private> scale: f32;

fn add_deviations(total: ptr<function, Total>, a: vec4f, b: vec4f, c: vec4f, d: vec4f) {
  let da = a * scale - mean;
  let db = b * scale - mean;
  let dc = c * scale - mean;
  let dd = d * scale - mean;
  (*total).low = add_to((*total).low, sum_of((da + db) + (dc + dd)));
  (*total).high = add_to((*total).high, sum_of((da * da + db * db) + (dc * dc + dd * dd)));
}

fn add_tile(total: ptr<function, Total>, a: vec4f, b: vec4f, c: vec4f, d: vec4f) {
  if operation == kVariance {
    add_deviations(total, a, b, c, d);
  } else if operation == kMax || operation == kMin {
    let rank = max(max(ranks(a), ranks(b)), max(ranks(c), ranks(d)));
    (*total).largest = max((*total).largest, max(max(rank.x, rank.y), max(rank.z, rank.w)));
  } else {
    let largest = max(max(largest_bits(a), largest_bits(b)), max(largest_bits(c), largest_bits(d)));
    if largest < k2To64Bits {
      (*total).largest = max((*total).largest, largest);
      (*total).low = add_to((*total).low, sum_of((a + b) + (c + d)));
    } else {
      add_vector(total, a);
      add_vector(total, b);
      add_vector(total, c);
      add_vector(total, d);
    }
  }
}

fn add_element(total: ptr<function, Total>, x: f32) {
  if operation == kVariance {
    let deviation = x * scale - mean;
    (*total).low = add_to((*total).low, deviation);
    (*total).high = add_to((*total).high, deviation * deviation);
  } else if operation == kMax || operation == kMin {
    (*total).largest = max((*total).largest, ranks(vec4f(x)).x);
  } else {
    add_value(total, x);
  }
}

@compute @workgroup_size(256)
fn partial_totals(invocation: Invocation) {
  let group = invocation.workgroup.x;
  let groups = invocation.workgroups.x;
  let lane = invocation.lane;
  let first_vector = (parameters.first + 3u) / 4u;
  let tiles = (max(parameters.end / 4u, first_vector) - first_vector) / kTile;
  if operation == kVariance {
    mean = totals[0].low.value;
    scale = totals[0].low.rest;
  }
  var total = Total();
  for (var tile = group; tile < tiles; tile += groups) {
    let i = first_vector + tile * kTile + lane;
    add_tile(&total, input[i], input[i + 256u], input[i + 512u], input[i + 768u]);
  }
  if group == groups - 1u {
    // Before the first tile and behind the last one, element by element: equal elements
    // then have a mean that is one of them.
    let before = min(first_vector * 4u, parameters.end) - parameters.first;
    let skipped = tiles * kTile * 4u;
    let edges = parameters.end - parameters.first - skipped;
    for (var edge = lane; edge < edges; edge += 256u) {
      let i = parameters.first + edge + select(0u, skipped, edge >= before);
      add_element(&total, input[i / 4u][i % 4u]);
    }
  }
  total = workgroup_total(total, invocation);
  if lane == 0u { totals[parameters.place + group] = total; }
}

fn total_of_totals(invocation: Invocation) -> Total {
  var total = Total();
  for (var i = invocation.lane; i < parameters.totals; i += 256u) { total = combined(total, totals[1u + i]); }
  return workgroup_total(total, invocation);
}

// The mean, and a power of 2 that brings the largest value to about 1.
@compute @workgroup_size(256)
fn centre(invocation: Invocation) {
  let total = total_of_totals(invocation);
  if invocation.lane != 0u { return; }
  let exponent = clamp(total.largest >> 23u, 1u, 253u);
  let unit = bitcast<f32>((254u - exponent) << 23u);
  let value = bitcast<f32>(mean_bits(total, parameters.count));
  totals[0] = Total(Sum(value * unit, unit), total.high, total.largest, total.flags);
}

fn variance_bits(total: Total) -> u32 {
  if totals[0].flags != 0u { return kNanBits; }
  let count = f32(parameters.count);
  let off_centre = rounded(total.low) / count;
  let variance = max(rounded(total.high) / count - off_centre * off_centre, 0.0);
  let unit = bitcast<f32>((254u << 23u) - bitcast<u32>(totals[0].low.rest));  // 1 / scale
  return bitcast<u32>(kept(variance * unit) * unit);
}

@compute @workgroup_size(256)
fn result(invocation: Invocation) {
  let total = total_of_totals(invocation);
  if invocation.lane != 0u { return; }
  var bits: u32;
  switch operation {
    case kSum: { bits = mean_bits(total, 1u); }
    case kMean: { bits = mean_bits(total, parameters.count); }
    case kVariance: { bits = variance_bits(total); }
    default: { bits = float_bits(total.largest); }
  }
  output[parameters.place] = bits;
}
