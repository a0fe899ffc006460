// Sums whose error does not grow with their length, and totals of anything that may lie in
// a buffer: values whose sum overflows on the way, infinities, NaN.

// x itself. A driver's compiler may rearrange sums, WGSL lets it, and then takes what a
// compensated sum is made of for 0. It cannot see through this: as far as integers go it
// changes one value, which is a NaN and becomes another.
fn kept(x: f32) -> f32 { return bitcast<f32>(min(bitcast<u32>(x), 0xfffffffeu)); }

// The second float holds what the first one's rounding lost: about 48 bits.
struct Sum {
  value: f32,
  rest: f32,
}

fn add_to(sum: Sum, x: f32) -> Sum {
  let is_larger = abs(sum.value) >= abs(x);
  let large = select(x, sum.value, is_larger);
  let small = select(sum.value, x, is_larger);
  let value = kept(large + small);
  return Sum(value, sum.rest + kept(small - kept(value - large)));
}

fn add_sums(a: Sum, b: Sum) -> Sum {
  let sum = add_to(a, b.value);
  return Sum(sum.value, sum.rest + b.rest);
}

fn rounded(sum: Sum) -> f32 { return sum.value + sum.rest; }

// sum / n to half a unit in the last place or hardly more, whatever the driver's division does.
fn quotient(sum: Sum, n: u32) -> f32 {
  let guess = rounded(sum) / f32(n);
  // Products of 12 bits and 12 bits are exact.
  let high = bitcast<f32>(bitcast<u32>(guess) & 0xfffff000u);
  let low = guess - high;
  var rest = sum;
  for (var shift = 0u; shift < 32u; shift += 12u) {
    let part = f32(n & (0xfffu << shift));
    rest = add_to(add_to(rest, -(high * part)), -(low * part));
  }
  return guess + rounded(rest) / f32(n);
}

struct Total {
  low: Sum,      // of what is below 2^64
  high: Sum,     // of the other finite values, times 2^-64
  largest: u32,  // of all magnitudes' bits
  flags: u32,
}
const kNanSeen: u32 = 1u;
const kInfinitySeen: u32 = 2u;
const kMinusInfinitySeen: u32 = 4u;

const k2To64: f32 = 0x1p64f;
const k2ToMinus64: f32 = 0x1p-64f;
const k2To64Bits: u32 = 0x5f800000u;

fn add_value(total: ptr<function, Total>, x: f32) {
  let bits = magnitude_bits(x);
  (*total).largest = max((*total).largest, bits);
  if bits < k2To64Bits {
    (*total).low = add_to((*total).low, x);
  } else if bits < kInfinityBits {
    (*total).high = add_to((*total).high, x * k2ToMinus64);
  } else if bits > kInfinityBits {
    (*total).flags |= kNanSeen;
  } else {
    (*total).flags |= select(kMinusInfinitySeen, kInfinitySeen, x > 0.0);
  }
}

fn largest_bits(v: vec4f) -> u32 {
  let bits = bitcast<vec4u>(v) & vec4u(0x7fffffffu);
  return max(max(bits.x, bits.y), max(bits.z, bits.w));
}

fn sum_of(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }

fn add_vector(total: ptr<function, Total>, v: vec4f) {
  let largest = largest_bits(v);
  if largest < k2To64Bits {
    (*total).largest = max((*total).largest, largest);
    (*total).low = add_to((*total).low, sum_of(v));
  } else {
    for (var i = 0u; i < 4u; i++) { add_value(total, v[i]); }
  }
}

fn combined(a: Total, b: Total) -> Total {
  return Total(add_sums(a.low, b.low), add_sums(a.high, b.high), max(a.largest, b.largest), a.flags | b.flags);
}

// The bits of total / n: what IEEE 754 says of infinities and NaN, and an infinity only where
// the result itself is beyond all numbers.
fn mean_bits(total: Total, n: u32) -> u32 {
  if total.flags == kInfinitySeen { return kInfinityBits; }
  if total.flags == kMinusInfinitySeen { return 0x80000000u | kInfinityBits; }
  if total.flags != 0u { return kNanBits; }
  if total.largest < k2To64Bits { return bitcast<u32>(quotient(total.low, n)); }
  let scaled = Sum(total.low.value * k2ToMinus64, total.low.rest * k2ToMinus64);
  return bitcast<u32>(quotient(add_sums(total.high, scaled), n) * k2To64);
}
