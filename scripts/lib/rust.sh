# shellcheck shell=bash
# Rust: the compiler for Wasmtime and the tools, and the tools themselves.

# Puts a cargo that is new enough into PATH: the one that is there, else Debian's.
use_rust() {
  local found
  found=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || true
  if [[ -n $found ]] && printf '%s\n' "$RUST_MINIMUM" "${found%%-*}" | sort -VC; then
    return
  fi
  install_packages "${rust_packages[@]}"
  export PATH=/usr/bin:$PATH
}

# cargo_tool CRATE VERSION FEATURES: a command-line tool of a pinned version in the cache; its folder is added to PATH.
# Built to be ready soon, not to run fast, in one folder: the tools have many crates in common.
cargo_tool() {
  local crate=$1 version=$2 features=$3 root=$cache/$1-$2
  if [[ ! -f $root/.crates.toml ]]; then
    use_rust
    mkdir -p "$cache"
    step "Building $crate $version" flock "$cache/cargo-tools.lock" env CARGO_TARGET_DIR="$cache/building/cargo-tools" \
      CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
      CARGO_PROFILE_RELEASE_DEBUG=0 \
      cargo install --locked --root "$root" "$crate@$version" --no-default-features --features "$features"
  fi
  export PATH=$root/bin:$PATH
}

# What checks the shaders, and the contract.
use_cargo_tools() {
  cargo_tool naga-cli "$NAGA_VERSION" ''
  cargo_tool wasm-tools "$WASM_TOOLS_VERSION" component,validate
  cargo_tool wit-bindgen-cli "$WIT_BINDGEN_VERSION" c
  rm -rf "$cache/building/cargo-tools"
}

# Whether the Rust in PATH comes with a standard library for modules.
rust_has_wasm() {
  local sysroot
  sysroot=$(rustc --print sysroot 2>/dev/null) && [[ -d $sysroot/lib/rustlib/wasm32-unknown-unknown/lib ]]
}
