# shellcheck shell=bash
# clang-tidy out of its Python package, in the cache: of a version that does not look at every
# line of the system's headers, which makes it four times as fast as Debian's.

clang_tidy_root() {
  root_of CLANG_TIDY_ROOT "clang-tidy-$CLANG_TIDY_VERSION" "$CLANG_TIDY_SHA256_X86_64 $CLANG_TIDY_SHA256_AARCH64"
}

use_clang_tidy() {
  local root
  root=$(clang_tidy_root)
  if has_root CLANG_TIDY_ROOT "$root" bin/clang-tidy; then return; fi
  use_pip
  make_root "Fetching clang-tidy $CLANG_TIDY_VERSION" fetch-clang-tidy "$root"
}
