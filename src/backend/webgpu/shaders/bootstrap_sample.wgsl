// index[i] = mulhi32(pcg(pcg(seed) + i), max_index), bit for bit as the contract has it.

struct Parameters {
  seed: u32,
  max_index: u32,
  first: u32,  // the number of the window's first index
  count: u32,  // of the window
}
var<immediate> parameters: Parameters;

@group(0) @binding(0) var<storage, read_write> output: array<vec4u>;

fn pcg(x: vec4u) -> vec4u {
  let state = x * 747796405u + 2891336453u;
  let word = ((state >> ((state >> vec4u(28u)) + 4u)) ^ state) * 277803737u;
  return (word >> vec4u(22u)) ^ word;
}

// The high half of each product, from products of halves.
fn multiply_high(a: vec4u, b: u32) -> vec4u {
  let a_low = a & vec4u(0xffffu);
  let a_high = a >> vec4u(16u);
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> vec4u(16u));
  let carried = a_low * b_high + (middle & vec4u(0xffffu));
  return a_high * b_high + (middle >> vec4u(16u)) + (carried >> vec4u(16u));
}

@compute @workgroup_size(256)
fn bootstrap_sample(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) workgroup: vec3u,
                    @builtin(num_workgroups) workgroups: vec3u) {
  let index = line_index(workgroup, workgroups) * 256u + lane;
  let numbers = index * 4u + vec4u(0u, 1u, 2u, 3u);
  if numbers.x >= parameters.count { return; }
  let draws = multiply_high(pcg(pcg(vec4u(parameters.seed)) + parameters.first + numbers), parameters.max_index);
  if numbers.w < parameters.count {
    output[index] = draws;
  } else {
    output[index] = select(output[index], draws, numbers < vec4u(parameters.count));
  }
}
