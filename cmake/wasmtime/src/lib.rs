//! Re-exports Wasmtime's C API, so that Cargo links it into a static library.

pub use wasmtime_c_api::*;
