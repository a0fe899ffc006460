//! The two functions of WASI preview 1 that this guest needs.

use alloc::format;

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
    let text = format!("{line}\n");
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let part = Bytes { data: rest.as_ptr(), size: rest.len() };
        // A host may write less than it is given.
        let mut written = 0;
        if unsafe { fd_write(STDOUT, &part, 1, &mut written) } != 0 {
            exit(1);
        }
        rest = &rest[written..];
    }
}

pub fn exit(code: u32) -> ! {
    unsafe { proc_exit(code) }
}
