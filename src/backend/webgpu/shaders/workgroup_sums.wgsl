// Totals of a workgroup's 256 invocations through its memory. subgroup_sums.wgsl has the
// same for devices with subgroup operations.

struct Invocation {
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
}

var<workgroup> shared_totals: array<Total, 256>;

// To lane 0.
fn workgroup_total(mine: Total, invocation: Invocation) -> Total {
  let lane = invocation.lane;
  var total = mine;
  shared_totals[lane] = total;
  for (var step = 128u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if lane < step {
      total = combined(total, shared_totals[lane + step]);
      shared_totals[lane] = total;
    }
  }
  return total;
}
