// What every shader begins with.

// The number of a workgroup in the line that line_of (commands.hpp) lays out.
fn line_index(workgroup: vec3u, count: vec3u) -> u32 { return workgroup.y * count.x + workgroup.x; }

// Comparisons with NaN, and NaN itself, may be folded away by a compiler that
// assumes there are none: ask the bits.
const kInfinityBits: u32 = 0x7f800000u;
const kNanBits: u32 = 0x7fc00000u;
fn magnitude_bits(x: f32) -> u32 { return bitcast<u32>(x) & 0x7fffffffu; }
fn is_nan(x: f32) -> bool { return magnitude_bits(x) > kInfinityBits; }
fn is_finite(x: f32) -> bool { return magnitude_bits(x) < kInfinityBits; }
