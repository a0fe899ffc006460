# shellcheck shell=bash
# What the benchmarks compare with: ONNX Runtime, in an environment of its own in
# the cache, one per list of requirements.

# Prints where its Python is, or would be.
bench_python() {
  echo "$cache/bench-python-$(sha256sum <"$repository/bench/requirements.txt" | cut -c 1-12)/bin/python"
}

use_bench_python() {
  local python root
  python=$(bench_python)
  root=${python%/bin/python}
  # The file says that the environment is complete.
  [[ ! -f $root/requirements.txt ]] || return 0
  mkdir -p "$cache"
  step "Making an environment for Python" python3 -m venv --clear "$root"
  step "Installing ONNX Runtime" "$python" -m pip install --disable-pip-version-check \
    --requirement "$repository/bench/requirements.txt"
  cp "$repository/bench/requirements.txt" "$root/"
}
