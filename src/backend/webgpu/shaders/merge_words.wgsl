// Writes some bytes of one word: the ends of a range that does not begin or end where
// a word does.

struct Params {
  position: u32,
  mask: u32,  // of the bytes that are written
  bytes: u32,
}
var<immediate> params: Params;

@group(0) @binding(0) var<storage, read_write> target_words: array<u32>;

@compute @workgroup_size(1)
fn merge_word() {
  target_words[params.position] = (target_words[params.position] & ~params.mask) | (params.bytes & params.mask);
}
