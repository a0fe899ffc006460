#!/usr/bin/env bash
# build.sh OUTPUT.wasm: builds the Rust guest. A Rust with a library for wasm32 in
# PATH is used; else Debian's, which builds that library from Debian's sources.
output=$(realpath -m "$1")
source "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/lib/common.sh"
cd "$repository/tests/guests/rust"

target=wasm32-unknown-unknown
# One folder for all presets: the guest is the same for each.
options=(--release --locked --target "$target" --target-dir "$repository/build/rust-guest")
if ! rust_has_wasm; then
  export PATH=/usr/bin:$PATH RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-$LLVM_VERSION
  options+=("-Zbuild-std=core,alloc")
fi
cargo build "${options[@]}"
cp "$repository/build/rust-guest/$target/release/rust_guest.wasm" "$output"
