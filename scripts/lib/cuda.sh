# shellcheck shell=bash
# What the CUDA backend is built with: a CUDA 12 toolkit that CUDA_ROOT names, else the
# driver's header and NVRTC of NVIDIA's Python packages, in the cache.

cuda_root() {
  root_of CUDA_ROOT "cuda-$CUDA_VERSION" \
    "$CUDA_NVRTC_SHA256_X86_64 $CUDA_NVRTC_SHA256_AARCH64 $CUDA_RUNTIME_SHA256_X86_64 $CUDA_RUNTIME_SHA256_AARCH64"
}

use_cuda() {
  local root
  root=$(cuda_root)
  if has_root CUDA_ROOT "$root" lib64/libnvrtc.so.12; then return; fi
  use_pip
  make_root "Fetching NVRTC $CUDA_VERSION" fetch-cuda "$root"
}
