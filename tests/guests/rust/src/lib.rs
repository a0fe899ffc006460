//! Calls `wasi:gpu` 0.1.0 through wit-bindgen's Rust bindings and compares what
//! comes back with results worked out by hand. Exits with 0 when all agree.
#![no_std]

extern crate alloc;

mod checks;
mod heap;
mod preview1;

wit_bindgen::generate!({ path: "../../../wit", world: "ml-compute" });

#[no_mangle]
pub extern "C" fn _start() {
    match checks::run() {
        Ok(()) => preview1::print("rust guest: ok"),
        Err(what) => {
            preview1::print(&what);
            preview1::exit(1);
        }
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    preview1::print(&alloc::format!("rust guest: {info}"));
    preview1::exit(1)
}
