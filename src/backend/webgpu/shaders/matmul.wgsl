// C = alpha op(A) op(B) + beta C. A workgroup takes a square tile of C and goes along k
// in slices: half of its invocations load the slice of A, the others that of B, while
// all multiply the slice before. Small and thin C have `dots`. Where there are too few
// workgroups, k is cut into parts, one for each z of the grid, which `add_parts` adds up.
override kTransA: bool = false;
override kTransB: bool = false;
override kVectors: bool = false;  // rows of A and B can be read in whole vectors

struct Params {
  m: u32,
  n: u32,
  k: u32,
  lda: u32,
  ldb: u32,
  ldc: u32,
  a_first: u32,
  b_first: u32,
  c_first: u32,
  alpha: f32,
  beta: f32,
  width: u32,      // of dots
  part: u32,       // steps along k for each z
  part_size: u32,  // elements between the results of parts, 0 if there is one
  n_parts: u32,
}
var<immediate> params: Params;

// The inputs twice, each time the same memory.
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
@group(0) @binding(3) var<storage, read> a_vectors: array<vec4f>;
@group(0) @binding(4) var<storage, read> b_vectors: array<vec4f>;

fn store(z: u32, row: u32, column: u32, sum: f32) {
  if row >= params.m || column >= params.n { return; }
  let at = params.c_first + z * params.part_size + row * params.ldc + column;
  var value = params.alpha * sum;
  if params.beta != 0.0 { value += params.beta * c[at]; }  // else C may hold anything
  c[at] = value;
}

fn store_4(z: u32, row: u32, column: u32, sums: vec4f) {
  store(z, row, column, sums.x);
  store(z, row, column + 1u, sums.y);
  store(z, row, column + 2u, sums.z);
  store(z, row, column + 3u, sums.w);
}

// 4 neighbours of a row in memory, zeros beyond the matrix.
fn load_a(row: u32, column: u32, rows: u32, columns: u32) -> vec4f {
  if row >= rows || column >= columns { return vec4f(); }
  let at = params.a_first + row * params.lda + column;
  if kVectors { return a_vectors[at / 4u]; }
  var result = vec4f(a[at], 0.0, 0.0, 0.0);
  if column + 1u < columns { result.y = a[at + 1u]; }
  if column + 2u < columns { result.z = a[at + 2u]; }
  if column + 3u < columns { result.w = a[at + 3u]; }
  return result;
}

fn load_b(row: u32, column: u32, rows: u32, columns: u32) -> vec4f {
  if row >= rows || column >= columns { return vec4f(); }
  let at = params.b_first + row * params.ldb + column;
  if kVectors { return b_vectors[at / 4u]; }
  var result = vec4f(b[at], 0.0, 0.0, 0.0);
  if column + 1u < columns { result.y = b[at + 1u]; }
  if column + 2u < columns { result.z = b[at + 2u]; }
  if column + 3u < columns { result.w = b[at + 3u]; }
  return result;
}

// What one invocation loads of a slice: 4 steps along k of 4 rows of op(A), or
// columns of op(B).
fn load_block_a(i: u32, k: u32) -> mat4x4f {
  if kTransA {
    return mat4x4f(load_a(k, i, params.k, params.m), load_a(k + 1u, i, params.k, params.m),
                   load_a(k + 2u, i, params.k, params.m), load_a(k + 3u, i, params.k, params.m));
  }
  return transpose(mat4x4f(load_a(i, k, params.m, params.k), load_a(i + 1u, k, params.m, params.k),
                           load_a(i + 2u, k, params.m, params.k), load_a(i + 3u, k, params.m, params.k)));
}

fn load_block_b(j: u32, k: u32) -> mat4x4f {
  if kTransB {
    return transpose(mat4x4f(load_b(j, k, params.n, params.k), load_b(j + 1u, k, params.n, params.k),
                             load_b(j + 2u, k, params.n, params.k), load_b(j + 3u, k, params.n, params.k)));
  }
  return mat4x4f(load_b(k, j, params.k, params.n), load_b(k + 1u, j, params.k, params.n),
                 load_b(k + 2u, j, params.k, params.n), load_b(k + 3u, j, params.k, params.n));
}

// A slice: for each step along k, `size` / 4 vectors. Their order changes with k, so
// that blocks that were transposed do not meet in the same banks.
var<workgroup> a_slice: array<vec4f, 512>;
var<workgroup> b_slice: array<vec4f, 512>;

// What an invocation loads and where it goes.
struct Block {
  loads_a: bool,
  i: u32,   // row of op(A) or column of op(B), in the matrix
  k: u32,   // in the slice
  at: u32,  // of its first vector in the slice
}

fn my_block(size: u32, tile: vec3u, invocation: u32) -> Block {
  let per_step = size / 4u;          // blocks along i
  let per_row = 128u / per_step;     // along k
  let loads_a = invocation < 128u;
  let number = invocation % 128u;
  // Neighbours load what are neighbours in memory.
  var i = number % per_step;
  var k = number / per_step;
  if select(kTransB, !kTransA, loads_a) {
    i = number / per_row;
    k = number % per_row;
  }
  let origin = select(tile.x, tile.y, loads_a) * size;
  return Block(loads_a, origin + 4u * i, 4u * k, 4u * k * per_step + (i ^ (k * (8u / per_row))));
}

fn load_block(block: Block, first_k: u32) -> mat4x4f {
  if block.loads_a { return load_block_a(block.i, first_k + block.k); }
  return load_block_b(block.i, first_k + block.k);
}

fn store_block(block: Block, stride: u32, values: mat4x4f) {
  if block.loads_a {
    a_slice[block.at] = values[0];
    a_slice[block.at + stride] = values[1];
    a_slice[block.at + 2u * stride] = values[2];
    a_slice[block.at + 3u * stride] = values[3];
  } else {
    b_slice[block.at] = values[0];
    b_slice[block.at + stride] = values[1];
    b_slice[block.at + 2u * stride] = values[2];
    b_slice[block.at + 3u * stride] = values[3];
  }
}

// sums += x y', for 4 rows.
fn add_products(sums: ptr<function, mat4x4f>, x: vec4f, y: vec4f) {
  (*sums)[0] += x.x * y;
  (*sums)[1] += x.y * y;
  (*sums)[2] += x.z * y;
  (*sums)[3] += x.w * y;
}

fn store_block_of_c(z: u32, row: u32, column: u32, sums: mat4x4f) {
  store_4(z, row, column, sums[0]);
  store_4(z, row + 1u, column, sums[1]);
  store_4(z, row + 2u, column, sums[2]);
  store_4(z, row + 3u, column, sums[3]);
}

// Where a part along k ends.
fn end_of_part(z: u32) -> u32 { return min((z + 1u) * params.part, params.k); }

// One step along k of a large tile.
fn add_step(sums_00: ptr<function, mat4x4f>, sums_01: ptr<function, mat4x4f>, sums_10: ptr<function, mat4x4f>,
            sums_11: ptr<function, mat4x4f>, a_at: u32, b_at: u32) {
  let a_0 = a_slice[a_at];
  let a_1 = a_slice[a_at + 16u];
  let b_0 = b_slice[b_at];
  let b_1 = b_slice[b_at + 16u];
  add_products(sums_00, a_0, b_0);
  add_products(sums_01, a_0, b_1);
  add_products(sums_10, a_1, b_0);
  add_products(sums_11, a_1, b_1);
}

// 128 x 128, slices of 16: each invocation has 4 blocks of 4 x 4.
@compute @workgroup_size(256)
fn tile_128(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let block = my_block(128u, tile, invocation);
  let column = invocation % 16u;
  let row = invocation / 16u;
  var sums_00 = mat4x4f();
  var sums_01 = mat4x4f();
  var sums_10 = mat4x4f();
  var sums_11 = mat4x4f();
  let end = end_of_part(tile.z);
  var next = load_block(block, tile.z * params.part);
  for (var k = tile.z * params.part; k < end; k += 16u) {
    store_block(block, 32u, next);
    workgroupBarrier();
    if k + 16u < end { next = load_block(block, k + 16u); }
    for (var step = 0u; step < 16u; step += 4u) {
      let order = step / 2u;
      let a_at = step * 32u + (row ^ order);
      let b_at = step * 32u + (column ^ order);
      add_step(&sums_00, &sums_01, &sums_10, &sums_11, a_at, b_at);
      add_step(&sums_00, &sums_01, &sums_10, &sums_11, a_at + 32u, b_at + 32u);
      add_step(&sums_00, &sums_01, &sums_10, &sums_11, a_at + 64u, b_at + 64u);
      add_step(&sums_00, &sums_01, &sums_10, &sums_11, a_at + 96u, b_at + 96u);
    }
    workgroupBarrier();
  }
  let c_row = tile.y * 128u + 4u * row;
  let c_column = tile.x * 128u + 4u * column;
  store_block_of_c(tile.z, c_row, c_column, sums_00);
  store_block_of_c(tile.z, c_row, c_column + 64u, sums_01);
  store_block_of_c(tile.z, c_row + 64u, c_column, sums_10);
  store_block_of_c(tile.z, c_row + 64u, c_column + 64u, sums_11);
}

// 64 x 64, slices of 32: for matrices that have few large tiles.
@compute @workgroup_size(256)
fn tile_64(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let block = my_block(64u, tile, invocation);
  let column = invocation % 16u;
  let row = invocation / 16u;
  var sums = mat4x4f();
  let end = end_of_part(tile.z);
  var next = load_block(block, tile.z * params.part);
  for (var k = tile.z * params.part; k < end; k += 32u) {
    store_block(block, 16u, next);
    workgroupBarrier();
    if k + 32u < end { next = load_block(block, k + 32u); }
    for (var step = 0u; step < 32u; step += 4u) {
      let order = step / 4u;
      let a_at = step * 16u + (row ^ order);
      let b_at = step * 16u + (column ^ order);
      add_products(&sums, a_slice[a_at], b_slice[b_at]);
      add_products(&sums, a_slice[a_at + 16u], b_slice[b_at + 16u]);
      add_products(&sums, a_slice[a_at + 32u], b_slice[b_at + 32u]);
      add_products(&sums, a_slice[a_at + 48u], b_slice[b_at + 48u]);
    }
    workgroupBarrier();
  }
  store_block_of_c(tile.z, tile.y * 64u + 4u * row, tile.x * 64u + 4u * column, sums);
}

var<workgroup> lane_sums: array<f32, 256>;

// Each element of C by itself: params.width of them per workgroup, and the other
// invocations share the way along k.
@compute @workgroup_size(256)
fn dots(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u,
        @builtin(local_invocation_index) invocation: u32) {
  let width = params.width;
  let lanes = 256u / width;
  // Neighbours read what are neighbours in the larger matrix.
  let along_k = select(!kTransA, kTransB, params.m <= params.n);
  let lane = select(invocation / width, invocation % lanes, along_k);
  let place = select(invocation % width, invocation / lanes, along_k);
  let element = line_index(workgroup, count) * width + place;
  let row = element / params.n;
  let column = element % params.n;
  var sum = 0.0;
  if row < params.m {
    let a_at = params.a_first + row * select(params.lda, 1u, kTransA);
    let a_step = select(1u, params.lda, kTransA);
    let b_at = params.b_first + column * select(1u, params.ldb, kTransB);
    let b_step = select(params.ldb, 1u, kTransB);
    let end = end_of_part(workgroup.z);
    for (var k = workgroup.z * params.part + lane; k < end; k += lanes) {
      sum += a[a_at + k * a_step] * b[b_at + k * b_step];
    }
  }
  lane_sums[lane * width + place] = sum;
  for (var half = lanes / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if lane < half { lane_sums[lane * width + place] += lane_sums[(lane + half) * width + place]; }
  }
  if lane == 0u { store(workgroup.z, row, column, lane_sums[place]); }
}

@group(0) @binding(5) var<storage, read> parts: array<f32>;

@compute @workgroup_size(256)
fn add_parts(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) count: vec3u,
             @builtin(local_invocation_index) invocation: u32) {
  let element = line_index(workgroup, count) * 256u + invocation;
  let row = element / params.n;
  var sum = 0.0;
  for (var z = 0u; z < params.n_parts; z++) { sum += parts[z * params.part_size + element]; }
  store(0u, row, element % params.n, sum);
}
