// Reports of data that a kernel refuses. Only the first one is kept, be there many at
// once; the host reads it when it waits (device_error.hpp). Bound as slot 7.

struct ErrorSlot {
  reports: atomic<u32>,
  kind: u32,
  values: array<u32, 6>,
}
@group(0) @binding(7) var<storage, read_write> error_slot: ErrorSlot;

// Kinds, and their values: as in device_error.hpp.
const kBadRow: u32 = 1u;      // position in indices, the index, rows
const kBadOffset: u32 = 2u;   // tree, its offset, nodes
const kBadFeature: u32 = 3u;  // position of the node, its feature, features
const kBadLeft: u32 = 4u;     // position of the node, its left child, root, nodes of the tree
const kBadRight: u32 = 5u;    // the same with its right child
const kNoLeaf: u32 = 6u;      // position of the node, max_depth, root

fn report_error(kind: u32, values: array<u32, 4>) {
  // Looking first spares most of many reports the atomic addition.
  if atomicLoad(&error_slot.reports) != 0u || atomicAdd(&error_slot.reports, 1u) != 0u { return; }
  error_slot.kind = kind;
  error_slot.values[0] = values[0];
  error_slot.values[1] = values[1];
  error_slot.values[2] = values[2];
  error_slot.values[3] = values[3];
}
