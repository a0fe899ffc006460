//! The two functions of WASI preview 1 that this guest needs.

#[repr(C)]
struct Bytes {
    data: *const u8,
    size: usize,
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
extern "C" {
    fn fd_write(file: u32, parts: *const Bytes, count: usize, written: *mut usize) -> u32;
    fn proc_exit(code: u32) -> !;
}

const STDOUT: u32 = 1;

pub fn print(line: &str) {
    let parts = [line, "\n"].map(|text| Bytes { data: text.as_ptr(), size: text.len() });
    let mut written = 0;
    if unsafe { fd_write(STDOUT, parts.as_ptr(), parts.len(), &mut written) } != 0 {
        exit(1);
    }
}

pub fn exit(code: u32) -> ! {
    unsafe { proc_exit(code) }
}
