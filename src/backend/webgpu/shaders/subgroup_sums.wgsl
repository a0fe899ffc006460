// As workgroup_sums.wgsl, with most of the way inside the subgroups.

struct Invocation {
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(num_subgroups) subgroups: u32,
  @builtin(subgroup_invocation_id) subgroup_lane: u32,
  @builtin(subgroup_size) subgroup_size: u32,
}

var<workgroup> shared_totals: array<Total, 256>;

fn from_lane(total: Total, mask: u32) -> Total {
  let sums = subgroupShuffleXor(vec4f(total.low.value, total.low.rest, total.high.value, total.high.rest), mask);
  let bits = subgroupShuffleXor(vec2u(total.largest, total.flags), mask);
  return Total(Sum(sums.x, sums.y), Sum(sums.z, sums.w), bits.x, bits.y);
}

// To lane 0. The size of a subgroup is a power of 2, and 256 is a multiple of it.
fn workgroup_total(mine: Total, invocation: Invocation) -> Total {
  var total = mine;
  for (var mask = invocation.subgroup_size / 2u; mask > 0u; mask /= 2u) {
    total = combined(total, from_lane(total, mask));
  }
  if invocation.subgroup_lane == 0u { shared_totals[invocation.subgroup] = total; }
  workgroupBarrier();
  if invocation.lane == 0u {
    total = shared_totals[0];
    for (var i = 1u; i < invocation.subgroups; i++) { total = combined(total, shared_totals[i]); }
  }
  return total;
}
