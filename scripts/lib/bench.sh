# shellcheck shell=bash
# What the benchmarks compare with: Python packages, in environments of their own in
# the cache, one per list of requirements.

# bench_python LIST: prints where the Python for a list is, or would be.
bench_python() {
  echo "$cache/bench-python-$(sha256sum <"$repository/$1" | cut -c 1-12)/bin/python"
}

# use_bench_python LIST
use_bench_python() {
  local list=$1 python root
  python=$(bench_python "$list")
  root=${python%/bin/python}
  # The file says that the environment is complete.
  [[ ! -f $root/requirements.txt ]] || return 0
  mkdir -p "$cache"
  step "Making an environment for Python" python3 -m venv --clear "$root"
  step "Installing the peers of $list" "$python" -m pip install --disable-pip-version-check \
    --requirement "$repository/$list"
  cp "$repository/$list" "$root/requirements.txt"
}
