#!/bin/sh
# Builds the random forest module, wasm_ml.wasm. Thin over CMake.
#
#   ./build_wasm.sh [--release] [--test]      (or -Release, -Test)
#
#   --release   optimized and stripped, into build/release; else into build/wasm-debug
#   --test      also builds and runs the module's tests, natively
#
# WASI_SDK_PATH names a wasi-sdk to use instead of clang-19 and wasi-libc.
set -eu
cd "$(dirname "$0")"

preset=dev
type=Debug
build=build/wasm-debug
test=no
for argument in "$@"; do
  case "$argument" in
    --release | -Release) preset=release type=Release build=build/release ;;
    --test | -Test) test=yes ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "build_wasm.sh: unknown option '$argument' (--release, --test)" >&2; exit 2 ;;
  esac
done

jobs=$(getconf _NPROCESSORS_ONLN)
cmake -S guest -B "$build/build_wasm" --toolchain "$PWD/cmake/wasm32-wasi.cmake" \
  -DCMAKE_BUILD_TYPE=$type -DWASM_ML_OUTPUT_DIR="$PWD/$build"
cmake --build "$build/build_wasm" --parallel "$jobs" --target wasm_ml

if [ $test = yes ]; then
  cmake --preset "$preset"
  cmake --build "build/$preset" --parallel "$jobs" --target wasm_ml_test
  ctest --test-dir "build/$preset" --output-on-failure --label-regex '^wasm_ml$'
fi

module=$build/wasm_ml.wasm
echo "$module: $(wc -c < "$module" | tr -d ' ') bytes"
