# shellcheck shell=bash
# The bundle of scripts/gpu-check: what it needs on a machine where nothing is built.

# needed_by FILE…: the files that the loader finds for them, but for the C library's.
needed_by() {
  ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// {print $3}' |
    grep -vE '/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|resolv))\.so\.[0-9]+$' | sort -u
}

# Library files of this machine, by name; what Vulkan's driver of NVIDIA needs is not always here either.
installed_library() { /sbin/ldconfig -p | awk -v name="$1" '$1 == name {print $NF; exit}'; }

# The commit, with -dirty where files differ from it.
revision() { git describe --always --abbrev=40 --dirty --exclude='*' 2>/dev/null || echo unknown; }

copy_libraries() {
  local library path extra=()
  mkdir -p "$1/missing" "$1/runtime"
  cp "$(wgpu_native_root)/lib/libwgpu_native.so" "$1/"
  while read -r path; do
    case ${path##*/} in
      libwgpu_native.so) ;;
      libstdc++.so.* | libgcc_s.so.*) cp -L "$path" "$1/runtime/" ;;
      *) cp -L "$path" "$1/" ;;
    esac
  done < <(needed_by "${programs[@]/#/$build/}" "$1/libwgpu_native.so")
  for library in libvulkan.so.1 libXext.so.6 libX11.so.6 libEGL.so.1; do
    path=$(installed_library "$library")
    if [[ -n $path ]]; then extra+=("$path"); else say "  without $library, which is not installed here"; fi
  done
  ((${#extra[@]} == 0)) && return
  while read -r path; do
    [[ -e $1/${path##*/} || -e $1/runtime/${path##*/} ]] || cp -L "$path" "$1/missing/"
  done < <(printf '%s\n' "${extra[@]}" && needed_by "${extra[@]}")
}

pack() {
  local file=$1 folder root program size
  scripts/setup --tests
  install_packages "${bench_packages[@]}"
  step "Configuring" cmake --preset release -DWGH_TESTS=ON -DWGH_BENCHMARKS=ON -DWGH_GUESTS=ON
  step "Building what goes into the bundle" cmake --build --preset release --target wasmtime-gpu-host wasm_ml \
    wgh-bench webgpu_peer conformance_test hostile_test
  folder=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf '$folder'" EXIT
  root=$folder/gpu-check
  mkdir -p "$root/cmake" "$root/scripts/lib"
  for program in "${programs[@]}"; do
    mkdir -p "$(dirname "$root/build/release/$program")"
    strip -o "$root/build/release/$program" "$build/$program"
  done
  cp "$build/wasm_ml.wasm" "$root/build/release/"
  cp -r data "$root/"
  cp cmake/pins.env "$root/cmake/"
  cp scripts/gpu-check "$root/scripts/"
  cp scripts/lib/*.sh scripts/lib/gpu_peers.py "$root/scripts/lib/"
  revision >"$root/build/revision"
  copy_libraries "$root/build/lib"
  mkdir -p "$(dirname "$file")"
  # Programs share most of their code: a dictionary that holds them all finds that.
  step "Packing" tar --sort=name -C "$folder" --use-compress-program 'xz --lzma2=preset=6,dict=128MiB' -cf "$file" gpu-check
  size=$(stat -c %s "$file")
  if ((size >= 55 * 1000 * 1000)); then
    rm "$file"
    fail "the bundle has $size bytes, and may have less than 55 MB"
  fi
  say "$file: $size bytes"
}

unpack() {
  local temporary
  temporary=$(mktemp -d "$repository/build/gpu-check-XXXXXX")
  if ! tar -C "$temporary" -xf "$bundle" 2>/dev/null; then
    # Where there is no xz.
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$bundle" "$temporary" ||
      fail "neither tar with xz nor python3 can unpack $bundle"
  fi
  rm -rf build/gpu-check
  mv "$temporary/gpu-check" build/
  rm -r "$temporary"
}
