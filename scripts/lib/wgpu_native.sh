# shellcheck shell=bash
# wgpu-native, WebGPU's C API on Vulkan: an installed one that WGPU_NATIVE_ROOT
# names, else headers and library of the Python package wgpu, in the cache.

wgpu_native_root() {
  root_of WGPU_NATIVE_ROOT "wgpu-native-$WGPU_NATIVE_VERSION" \
    "$WGPU_WHEEL_VERSION $WGPU_WHEEL_SHA256_X86_64 $WGPU_WHEEL_SHA256_AARCH64"
}

use_wgpu_native() {
  local root
  root=$(wgpu_native_root)
  if has_root WGPU_NATIVE_ROOT "$root" lib/libwgpu_native.so; then return; fi
  use_pip
  make_root "Fetching wgpu-native $WGPU_NATIVE_VERSION" fetch-wgpu-native "$root"
}
