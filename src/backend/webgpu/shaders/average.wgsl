// The mean of each row: some lanes a row, so that neighbours read what is side by side.

override lanes: u32;  // a power of 2 up to 16, or 256

struct Parameters {
  first: u32,  // the element of `input` with which the window's rows begin
  trees: u32,
  rows: u32,
  place: u32,  // the element of `output` for the first row
}
var<immediate> parameters: Parameters;

@group(0) @binding(0) var<storage, read> input: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;

struct Part {
  sum: f32,
  largest: u32,  // of the magnitudes' bits; from 2^64 on the sum may be anything
}

// What a lane reads of its row.
fn part_of_row(row: u32, lane: u32) -> Part {
  // Rows begin and end inside vectors; what is not the row's counts as 0.
  let begin = parameters.first + row * parameters.trees;
  let end = begin + parameters.trees;
  var sum = Sum();
  var largest = 0u;
  for (var i = begin / 4u + lane; i * 4u < end; i += lanes) {
    let numbers = i * 4u + vec4u(0u, 1u, 2u, 3u);
    let v = select(vec4f(0.0), input[i], (numbers >= vec4u(begin)) & (numbers < vec4u(end)));
    largest = max(largest, largest_bits(v));
    sum = add_to(sum, sum_of(v));
  }
  return Part(rounded(sum), largest);
}

// One place is free behind each part of them, so that lanes use different banks.
var<workgroup> parts: array<Part, 384>;

fn added_up(first: u32, count: u32) -> Part {
  var sum = Sum();
  var largest = 0u;
  for (var i = first; i < first + count; i++) {
    largest = max(largest, parts[i].largest);
    sum = add_to(sum, parts[i].sum);
  }
  return Part(rounded(sum), largest);
}

// For rows with infinities, NaN, or values whose sum might overflow: rare, so slow will do.
fn careful_mean_bits(row: u32) -> u32 {
  let begin = parameters.first + row * parameters.trees;
  var total = Total();
  for (var i = begin; i < begin + parameters.trees; i++) { add_value(&total, input[i / 4u][i % 4u]); }
  return mean_bits(total, parameters.trees);
}

fn write_mean(row: u32, part: Part) {
  if part.largest < k2To64Bits {
    output[parameters.place + row] = bitcast<u32>(part.sum / f32(parameters.trees));
  } else {
    output[parameters.place + row] = careful_mean_bits(row);
  }
}

struct Invocation {
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
}

@compute @workgroup_size(256)
fn one_lane(invocation: Invocation) {
  let row = line_index(invocation.workgroup, invocation.workgroups) * 256u + invocation.lane;
  if row < parameters.rows { write_mean(row, part_of_row(row, 0u)); }
}

@compute @workgroup_size(256)
fn several_lanes(invocation: Invocation) {
  let lane = invocation.lane;
  let rows = 256u / lanes;
  let first_row = line_index(invocation.workgroup, invocation.workgroups) * rows;
  let count = min(lanes, 16u);
  var part = Part();
  if first_row + lane / lanes < parameters.rows { part = part_of_row(first_row + lane / lanes, lane % lanes); }
  parts[lane + lane / count] = part;
  workgroupBarrier();
  // From here on a lane has what the row of its own number needs.
  if lane < 256u / count { part = added_up(lane * (count + 1u), count); }
  if lanes == 256u {
    workgroupBarrier();
    if lane < 16u { parts[lane] = part; }
    workgroupBarrier();
    if lane == 0u { part = added_up(0u, 16u); }
  }
  if lane < rows && first_row + lane < parameters.rows { write_mean(first_row + lane, part); }
}
