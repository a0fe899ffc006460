# shellcheck shell=bash
# shellcheck disable=SC2034 # the lists are for who sources this
# Debian packages: what each purpose needs, and their installation.
# shellcheck disable=SC2034 # the scripts use the lists

# libopenblas0-pthread is opened at run time, where it is there; so is Vulkan, of which
# the tests get a loader and a software device.
host_packages=(ca-certificates g++ cmake ninja-build python3 libfmt-dev libspdlog-dev libcli11-dev nlohmann-json3-dev
  libhwy-dev libtbb-dev libxxhash-dev libopenblas0-pthread)
rust_packages=(cargo-web rustc-web)
guest_packages=("clang-$LLVM_VERSION" "lld-$LLVM_VERSION" wasi-libc "libc++-$LLVM_VERSION-dev-wasm32"
  "libc++abi-$LLVM_VERSION-dev-wasm32" "libclang-rt-$LLVM_VERSION-dev-wasm32")
test_packages=(git python3-dev python3-venv libgtest-dev libgmock-dev shellcheck "clang-$LLVM_VERSION" "clang-format-$LLVM_VERSION"
  "libclang-rt-$LLVM_VERSION-dev" libvulkan1 mesa-vulkan-drivers)
bench_packages=(libbenchmark-dev libopenblas0-pthread python3-venv)
package_packages=(dpkg-dev file help2man python3-dev python3-venv)
image_packages=(buildah mmdebstrap)
rust_wasm_packages=(cargo-web rustc-web rust-web-src "lld-$LLVM_VERSION")

# Prints those of the packages that are not installed.
missing_packages() {
  local installed package
  installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    grep -qxF "installed $package" <<<"$installed" || echo "$package"
  done
}

install_packages() {
  local missing as_root=()
  command -v dpkg-query >/dev/null || fail "not a Debian machine. Needed: $*"
  mapfile -t missing < <(missing_packages "$@" | sort -u)
  ((${#missing[@]} == 0)) && return
  if ((EUID != 0)); then
    # The password, where one is needed, is asked for here.
    if ! command -v sudo >/dev/null || ! sudo -v; then
      fail "neither root nor sudo here. Let root run:
  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    fi
    as_root=(sudo)
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -o Acquire::Retries=3)
  step "Updating the list of packages" "${apt[@]}" update
  step "Installing ${#missing[@]} packages" "${apt[@]}" install --no-install-recommends "${missing[@]}"
}
