// One operation on each element. exp, log and tanh are made of additions, multiplications
// and bits, so that they are as exact as the contract asks whatever the driver's are.

override operation: u32;  // as ElementwiseOp (kernel_params.hpp)

struct Parameters {
  count: u32,  // elements of the windows, which begin with the first one
}
var<immediate> parameters: Parameters;

@group(0) @binding(0) var<storage, read> input_a: array<vec4f>;
@group(0) @binding(1) var<storage, read> input_b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> output: array<vec4f>;

fn kept4(x: vec4f) -> vec4f { return bitcast<vec4f>(min(bitcast<vec4u>(x), vec4u(0xfffffffeu))); }  // as kept (sums.wgsl)
fn magnitudes(x: vec4f) -> vec4u { return bitcast<vec4u>(x) & vec4u(0x7fffffffu); }
fn is_negative(x: vec4f) -> vec4<bool> { return bitcast<vec4u>(x) > vec4u(0x80000000u); }
fn power_of_2(exponent: vec4i) -> vec4f { return bitcast<vec4f>(vec4u(exponent + 127) << vec4u(23u)); }

// Below these bits are zeros and what the device may take for zeros.
const kSmallestNormal: u32 = 0x00800000u;
// ln 2 in two parts, the first of so few bits that its products with exponents are exact.
const kLn2High: f32 = 0.693359375;
const kLn2Low: f32 = -2.1219444e-4;

fn relu(x: vec4f) -> vec4f { return select(x, vec4f(0.0), is_negative(x)); }

// e^x = 2^n · e^r with |r| at most ln 2 / 2, by the series.
fn exp4(x: vec4f) -> vec4f {
  let inside = clamp(x, vec4f(-110.0), vec4f(90.0));  // beyond lie 0 and infinity
  let n = round(inside * 1.44269504);
  let r = kept4(inside - n * kLn2High) - n * kLn2Low;
  let high = r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0))));
  let e = 1.0 + (r + r * r * (0.5 + r * (1.0 / 6.0 + high)));
  // 2^n itself may be out of range where the result is not.
  let half = vec4i(n) >> vec4u(1u);
  return kept4(e * power_of_2(half)) * power_of_2(vec4i(n) - half);
}

// x = 2^n · m with m from sqrt(1/2) to sqrt(2); log m = log((1 + s) / (1 - s)), by the series.
fn log4(x: vec4f) -> vec4f {
  let bits = bitcast<vec4u>(x);
  let n = bitcast<vec4i>(bits - vec4u(0x3f3504f3u)) >> vec4u(23u);
  let f = bitcast<vec4f>(bits - (bitcast<vec4u>(n) << vec4u(23u))) - 1.0;
  let s = f / (f + 2.0);
  let z = s * s;
  let r = z * (2.0 / 3.0 + z * (2.0 / 5.0 + z * (2.0 / 7.0 + z * (2.0 / 9.0 + z * (2.0 / 11.0)))));
  let exponent = vec4f(n);
  let y = bitcast<vec4u>(exponent * kLn2High + ((f - s * (f - r)) + exponent * kLn2Low));
  let size = magnitudes(x);
  let positive = select(y, bits, size == vec4u(kInfinityBits));
  let any = select(positive, vec4u(kNanBits), is_negative(x));
  return bitcast<vec4f>(select(any, vec4u(0x80000000u | kInfinityBits), size < vec4u(kSmallestNormal)));
}

fn sigmoid(x: vec4f) -> vec4f {
  let e = exp4(-abs(x));
  return select(vec4f(1.0), e, is_negative(x)) / (1.0 + e);
}

fn tanh4(x: vec4f) -> vec4f {
  let size = abs(x);
  let e = exp4(-2.0 * size);
  let z = size * size;
  let near_0 = size + size * z * (-1.0 / 3.0 + z * (2.0 / 15.0 + z * (-17.0 / 315.0 + z * (62.0 / 2835.0))));
  let y = select((1.0 - e) / (1.0 + e), near_0, size < vec4f(0.3));
  return bitcast<vec4f>(bitcast<vec4u>(y) | (bitcast<vec4u>(x) & vec4u(0x80000000u)));
}

// x = 4^n · m with m from 1 to 4, so that nothing overflows in Newton's step.
fn sqrt4(x: vec4f) -> vec4f {
  let bits = bitcast<vec4u>(x);
  let size = magnitudes(x);
  let exponent = vec4i(size >> vec4u(23u)) - 127;
  let m = bitcast<vec4f>((size & vec4u(0x007fffffu)) | (vec4u((exponent & vec4i(1)) + 127) << vec4u(23u)));
  let inverse = inverseSqrt(m);
  let guess = m * inverse;
  let y = (guess + 0.5 * inverse * (m - guess * guess)) * power_of_2(exponent >> vec4u(1u));
  let positive = select(bitcast<vec4u>(y), bits, size == vec4u(kInfinityBits));
  let any = select(positive, vec4u(kNanBits), is_negative(x));
  return bitcast<vec4f>(select(any, vec4u(0u), size < vec4u(kSmallestNormal)));
}

fn apply(a: vec4f, b: vec4f) -> vec4f {
  var y: vec4f;
  switch operation {
    case 0u: { y = relu(a); }
    case 1u: { y = sigmoid(a); }
    case 2u: { y = tanh4(a); }
    case 3u: { y = a + b; }
    case 4u: { y = a * b; }
    case 5u: { y = sqrt4(a); }
    case 6u: { y = exp4(a); }
    default: { y = log4(a); }
  }
  let sizes = max(magnitudes(a), magnitudes(b));
  return bitcast<vec4f>(select(bitcast<vec4u>(y), vec4u(kNanBits), sizes > vec4u(kInfinityBits)));
}

// What lies behind the last element keeps its bits.
fn store(index: u32, y: vec4f) {
  let numbers = index * 4u + vec4u(0u, 1u, 2u, 3u);
  if numbers.w < parameters.count {
    output[index] = y;
  } else {
    output[index] = select(output[index], y, numbers < vec4u(parameters.count));
  }
}

struct Range {
  begin: u32,
  end: u32,
}

// A workgroup does kVectors · 256 vectors, each lane every 256th.
const kVectors: u32 = 4u;
struct Invocation {
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
}
fn range_of(invocation: Invocation) -> Range {
  let begin = line_index(invocation.workgroup, invocation.workgroups) * kVectors * 256u;
  let vectors = (parameters.count + 3u) / 4u;
  return Range(begin + invocation.lane, min(begin + kVectors * 256u, vectors));
}

@compute @workgroup_size(256)
fn one_input(invocation: Invocation) {
  let range = range_of(invocation);
  for (var i = range.begin; i < range.end; i += 256u) { store(i, apply(input_a[i], input_a[i])); }
}

@compute @workgroup_size(256)
fn one_in_place(invocation: Invocation) {
  let range = range_of(invocation);
  for (var i = range.begin; i < range.end; i += 256u) { store(i, apply(output[i], output[i])); }
}

@compute @workgroup_size(256)
fn two_inputs(invocation: Invocation) {
  let range = range_of(invocation);
  for (var i = range.begin; i < range.end; i += 256u) { store(i, apply(input_a[i], input_b[i])); }
}

// The output is one of the inputs: binary operations commute.
@compute @workgroup_size(256)
fn two_in_place(invocation: Invocation) {
  let range = range_of(invocation);
  for (var i = range.begin; i < range.end; i += 256u) { store(i, apply(output[i], input_b[i])); }
}
