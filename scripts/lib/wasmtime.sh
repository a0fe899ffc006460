# shellcheck shell=bash
# Wasmtime's C API: an installed one that WASMTIME_ROOT names, else a static
# library in the cache, built once per version, features and lock file.

wasmtime_root() {
  root_of WASMTIME_ROOT "wasmtime-$WASMTIME_VERSION" \
    "$WASMTIME_FEATURES"$'\n'"$(cat "$repository"/cmake/wasmtime/{Cargo.toml,Cargo.lock,src/lib.rs})"
}

use_wasmtime() {
  local root
  root=$(wasmtime_root)
  if has_root WASMTIME_ROOT "$root" include/wasmtime.h; then return; fi
  use_rust
  make_root "Building Wasmtime $WASMTIME_VERSION, once: 4 to 10 minutes on 2 cores" build-wasmtime "$root"
}
