# shellcheck shell=bash
# Wasmtime's C API: an installed one that WASMTIME_ROOT names, else a static
# library in the cache, built once per version, features and lock file.

wasmtime_root() {
  if [[ -n ${WASMTIME_ROOT:-} ]]; then
    echo "$WASMTIME_ROOT"
    return
  fi
  local key
  key=$({
    uname -sm
    echo "$WASMTIME_FEATURES"
    cat "$repository"/cmake/wasmtime/{Cargo.toml,Cargo.lock,src/lib.rs}
  } | sha256sum | cut -c 1-12)
  echo "$cache/wasmtime-$WASMTIME_VERSION-$key"
}

use_wasmtime() {
  local root
  root=$(wasmtime_root)
  if [[ -f $root/include/wasmtime.h ]]; then
    return
  fi
  [[ -z ${WASMTIME_ROOT:-} ]] || fail "WASMTIME_ROOT=$WASMTIME_ROOT has no include/wasmtime.h"
  use_rust
  mkdir -p "$cache"
  step "Building Wasmtime $WASMTIME_VERSION, once: about 4 minutes on 2 cores" \
    flock "$cache/wasmtime.lock" "$repository/scripts/lib/build-wasmtime" "$root"
}
