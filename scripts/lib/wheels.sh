# shellcheck shell=bash
# Files out of Python packages.

use_pip() {
  if ! python3 -m pip --version >/dev/null 2>&1; then
    install_packages python3-pip
    export PATH=/usr/bin:$PATH
  fi
}

# unpack_wheel FOLDER NAME==VERSION SHA256…: the package's files, in FOLDER/unpacked.
# pip picks the machine's wheel and refuses one with another checksum.
unpack_wheel() {
  local folder=$1 requirement=$2
  shift 2
  rm -rf "$folder/wheel"
  mkdir -p "$folder"/{wheel,unpacked}
  echo "$requirement" "${@/#/--hash=sha256:}" >"$folder/requirements.txt"
  python3 -m pip download --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --dest "$folder/wheel" --requirement "$folder/requirements.txt"
  python3 -m zipfile --extract "$folder"/wheel/*.whl "$folder/unpacked"
}
