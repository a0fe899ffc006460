// Copies bytes between buffers, from any offset to any offset: an invocation writes a
// word, of bytes from two words of the source.

struct Params {
  words: u32,            // that are written, at least in part
  source_position: u32,  // of the word that holds the first byte of the first one, and 1 more
  shift: u32,            // bits in that word before the byte
  target_position: u32,
  first_mask: u32,       // of the bytes that are written of the first word
  last_mask: u32,        // and of the last
}
var<immediate> params: Params;

@group(0) @binding(0) var<storage, read> source_words: array<u32>;
@group(0) @binding(1) var<storage, read_write> target_words: array<u32>;

@compute @workgroup_size(256)
fn copy_bytes(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u,
              @builtin(local_invocation_index) local: u32) {
  let i = line_index(workgroup, count) * 256u + local;
  if i >= params.words { return; }
  let next = params.source_position + i;
  // Where there is no word before or behind, none of its bytes are used.
  let low = source_words[max(next, 1u) - 1u];
  var word = low;
  if params.shift != 0u {
    word = (low >> params.shift) | (source_words[min(next, arrayLength(&source_words) - 1u)] << (32u - params.shift));
  }
  var mask = 0xffffffffu;
  if i == 0u { mask &= params.first_mask; }
  if i == params.words - 1u { mask &= params.last_mask; }
  let at = params.target_position + i;
  if mask != 0xffffffffu { word = (target_words[at] & ~mask) | (word & mask); }
  target_words[at] = word;
}
