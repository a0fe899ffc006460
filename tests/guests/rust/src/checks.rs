//! One check per function; the first that differs ends the run with its name.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::wasi::gpu::compute::{
    buffer_copy, buffer_create, buffer_destroy, buffer_read, buffer_write, get_device_info, sync, BufferId,
    BufferUsage, GpuError,
};
use crate::wasi::gpu::ml_kernels::*;

type Check = Result<(), String>;

pub fn run() -> Check {
    device()?;
    buffers()?;
    bootstrap()?;
    matmul()?;
    elementwise()?;
    reduce()?;
    average()?;
    find_split()?;
    batch_predict()?;
    errors()
}

fn expect<T: PartialEq + core::fmt::Debug>(what: &str, actual: T, expected: T) -> Check {
    if actual == expected {
        return Ok(());
    }
    Err(format!("rust guest: {what}: got {actual:?}, expected {expected:?}"))
}

fn succeed<T>(what: &str, result: Result<T, GpuError>) -> Result<T, String> {
    result.map_err(|error| format!("rust guest: {what}: {error:?}"))
}

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn floats(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn empty(words: usize) -> Result<BufferId, String> {
    succeed("buffer-create", buffer_create(4 * words as u64, BufferUsage::STORAGE | BufferUsage::COPY_SRC))
}

fn upload(words: &[u32]) -> Result<BufferId, String> {
    let buffer = empty(words.len())?;
    succeed("buffer-write", buffer_write(buffer, 0, &bytes(words)))?;
    Ok(buffer)
}

fn download(buffer: BufferId, words: usize) -> Result<Vec<u32>, String> {
    let bytes = succeed("buffer-read", buffer_read(buffer, 0, 4 * words as u32))?;
    Ok(bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
}

fn expect_floats(what: &str, buffer: BufferId, expected: &[f32]) -> Check {
    let actual: Vec<f32> = download(buffer, expected.len())?.into_iter().map(f32::from_bits).collect();
    expect(what, actual.as_slice(), expected)
}

fn device() -> Check {
    let info = get_device_info();
    crate::preview1::print(&format!("rust guest: device {} ({})", info.name, info.backend));
    expect("a device without a name", info.name.is_empty(), false)?;
    expect("a device without memory", info.total_memory, info.total_memory.max(1))
}

fn buffers() -> Check {
    let source = upload(&[1, 2, 3])?;
    let target = empty(3)?;
    expect("a new buffer", download(target, 3)?, [0, 0, 0].to_vec())?;
    succeed("buffer-copy", buffer_copy(source, 1, target, 4, 7))?;
    sync();
    let moved = [&[0u8; 4], &bytes(&[1, 2, 3])[1..8], &[0]].concat();
    expect("buffer-copy", succeed("buffer-read", buffer_read(target, 0, 12))?, moved)?;
    succeed("buffer-destroy", buffer_destroy(source))?;
    expect("ids of two buffers", upload(&[4])? == source, false)
}

/// The contract's generator, word by word.
fn pcg(x: u32) -> u32 {
    let state = x.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let word = ((state >> ((state >> 28) + 4)) ^ state).wrapping_mul(277_803_737);
    (word >> 22) ^ word
}

fn bootstrap() -> Check {
    const COUNT: u32 = 100;
    let params = BootstrapParams { n_samples: COUNT, seed: 42, max_index: 37 };
    let output = empty(COUNT as usize)?;
    succeed("bootstrap-sample", kernel_bootstrap_sample(params, output))?;
    let draw = |i: u32| (u64::from(pcg(pcg(42).wrapping_add(i))) * 37 >> 32) as u32;
    expect("bootstrap-sample", download(output, COUNT as usize)?, (0..COUNT).map(draw).collect())
}

fn matmul() -> Check {
    let params =
        MatmulParams { m: 2, k: 3, n: 2, trans_a: false, trans_b: true, alpha: 2.0, beta: 1.0 };
    let a = upload(&floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))?;
    let b = upload(&floats(&[1.0, 0.0, 1.0, 0.0, 1.0, 0.0]))?;
    let c = upload(&floats(&[10.0, 20.0, 30.0, 40.0]))?;
    succeed("matmul", kernel_matmul(params, a, b, c))?;
    expect_floats("matmul", c, &[18.0, 24.0, 50.0, 50.0])
}

fn elementwise() -> Check {
    let a = upload(&floats(&[1.0, -2.0, 0.5]))?;
    let b = upload(&floats(&[4.0, 8.0, 16.0]))?;
    let output = empty(3)?;
    let add = ElementwiseParams { n_elements: 3, op: ElementwiseOp::Add };
    succeed("elementwise add", kernel_elementwise(add, a, Some(b), output))?;
    expect_floats("elementwise add", output, &[5.0, 6.0, 16.5])?;
    let relu = ElementwiseParams { n_elements: 3, op: ElementwiseOp::Relu };
    succeed("elementwise relu", kernel_elementwise(relu, a, None, a))?;
    expect_floats("elementwise relu in place", a, &[1.0, 0.0, 0.5])
}

fn reduce() -> Check {
    let input = upload(&floats(&[1.0, 2.0, 3.0, 6.0]))?;
    let output = empty(1)?;
    let expected = [
        (ReduceOp::Sum, 12.0),
        (ReduceOp::Max, 6.0),
        (ReduceOp::Min, 1.0),
        (ReduceOp::Mean, 3.0),
        (ReduceOp::Variance, 3.5),
    ];
    for (op, value) in expected {
        succeed("reduce", kernel_reduce(ReduceParams { n_elements: 4, op }, input, output))?;
        expect_floats("reduce", output, &[value])?;
    }
    Ok(())
}

fn average() -> Check {
    let predictions = upload(&floats(&[1.0, 3.0, 10.0, 20.0, -1.0, 1.0]))?;
    let output = empty(3)?;
    succeed("average", kernel_average(AverageParams { n_trees: 2, n_samples: 3 }, predictions, output))?;
    expect_floats("average", output, &[2.0, 15.0, 0.0])
}

fn find_split() -> Check {
    let params = FindSplitParams { n_samples: 4, n_features: 2, feature_idx: 1, n_thresholds: 3 };
    let data = upload(&floats(&[0.0, 1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 4.0]))?;
    let labels = upload(&floats(&[1.0, 3.0, 10.0, 10.0]))?;
    let indices = upload(&[0, 1, 2, 3])?;
    let thresholds = upload(&floats(&[2.0, 3.0, 4.0]))?;
    let scores = empty(3)?;
    succeed("find-split", kernel_find_split(params, data, labels, indices, thresholds, scores))?;
    let actual: Vec<f32> = download(scores, 3)?.into_iter().map(f32::from_bits).collect();
    // At 3.0 the left labels are 1, 3 and 10: 1 + 9 + 100 - 14 * 14 / 3.
    let expected = [2.0, 44.666_668, f32::INFINITY];
    let close = |(actual, expected): (&f32, &f32)| actual == expected || (actual - expected).abs() < 1e-4 * expected;
    if actual.iter().zip(&expected).all(close) {
        return Ok(());
    }
    expect("find-split", actual.as_slice(), &expected)
}

fn batch_predict() -> Check {
    let leaf = |value: f32| [u32::MAX, value.to_bits(), 0, 0];
    let split = |feature: u32, threshold: f32| [feature, threshold.to_bits(), 1, 2];
    let nodes = [split(0, 0.5), leaf(1.0), leaf(3.0), split(1, 2.0), leaf(10.0), leaf(20.0)].concat();
    let params = BatchPredictParams { batch_size: 3, n_features: 2, n_trees: 2, max_depth: 1 };
    let samples = upload(&floats(&[0.5, 2.0, 0.75, 1.0, f32::NAN, f32::NAN]))?;
    let tree_nodes = upload(&nodes)?;
    let tree_offsets = upload(&[0, 3])?;
    let output = empty(3)?;
    succeed("batch-predict", kernel_batch_predict(params, samples, tree_nodes, tree_offsets, output))?;
    expect_floats("batch-predict", output, &[5.5, 6.5, 11.5])
}

fn errors() -> Check {
    match buffer_read(u32::MAX, 0, 4) {
        Err(GpuError::InvalidBuffer) => {}
        other => return Err(format!("rust guest: reading a forged id: {other:?}")),
    }
    match buffer_create(0, BufferUsage::STORAGE) {
        Err(GpuError::InvalidParams(message)) => expect("an error without a message", message.is_empty(), false)?,
        other => return Err(format!("rust guest: creating 0 bytes: {other:?}")),
    }
    let small = empty(1)?;
    match kernel_reduce(ReduceParams { n_elements: 2, op: ReduceOp::Sum }, small, small) {
        Err(GpuError::InvalidParams(message)) => {
            crate::preview1::print(&format!("rust guest: refused: {message}"));
            expect("an error without a message", message.is_empty(), false)
        }
        other => Err(format!("rust guest: a buffer that is too small: {other:?}")),
    }
}
