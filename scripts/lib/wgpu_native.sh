# shellcheck shell=bash
# wgpu-native, WebGPU's C API on Vulkan: an installed one that WGPU_NATIVE_ROOT
# names, else headers and library of the Python package wgpu, in the cache.

wgpu_native_root() {
  if [[ -n ${WGPU_NATIVE_ROOT:-} ]]; then
    echo "$WGPU_NATIVE_ROOT"
    return
  fi
  local key
  key=$({
    uname -sm
    echo "$WGPU_WHEEL_VERSION $WGPU_WHEEL_SHA256_X86_64 $WGPU_WHEEL_SHA256_AARCH64"
  } | sha256sum | cut -c 1-12)
  echo "$cache/wgpu-native-$WGPU_NATIVE_VERSION-$key"
}

use_wgpu_native() {
  local root
  root=$(wgpu_native_root)
  if [[ -f $root/lib/libwgpu_native.so ]]; then
    return
  fi
  [[ -z ${WGPU_NATIVE_ROOT:-} ]] || fail "WGPU_NATIVE_ROOT=$WGPU_NATIVE_ROOT has no lib/libwgpu_native.so"
  use_pip
  mkdir -p "$cache"
  step "Fetching wgpu-native $WGPU_NATIVE_VERSION" \
    flock "$cache/wgpu-native.lock" "$repository/scripts/lib/fetch-wgpu-native" "$root"
}
