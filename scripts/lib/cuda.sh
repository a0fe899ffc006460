# shellcheck shell=bash
# What the CUDA backend is built with: a CUDA 12 toolkit that CUDA_ROOT names, else the
# driver's header and NVRTC of NVIDIA's Python packages, in the cache.

cuda_root() {
  if [[ -n ${CUDA_ROOT:-} ]]; then
    echo "$CUDA_ROOT"
    return
  fi
  local key
  key=$({
    uname -sm
    echo "$CUDA_NVRTC_SHA256_X86_64 $CUDA_NVRTC_SHA256_AARCH64 $CUDA_RUNTIME_SHA256_X86_64 $CUDA_RUNTIME_SHA256_AARCH64"
  } | sha256sum | cut -c 1-12)
  echo "$cache/cuda-$CUDA_VERSION-$key"
}

use_cuda() {
  local root
  root=$(cuda_root)
  if [[ -f $root/lib64/libnvrtc.so.12 ]]; then
    return
  fi
  [[ -z ${CUDA_ROOT:-} ]] || fail "CUDA_ROOT=$CUDA_ROOT has no lib64/libnvrtc.so.12"
  use_pip
  mkdir -p "$cache"
  step "Fetching NVRTC $CUDA_VERSION" flock "$cache/cuda.lock" "$repository/scripts/lib/fetch-cuda" "$root"
}
