# shellcheck shell=bash
# Sourced by every script: where things are, progress, what failed.

set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${WGH_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/wasmtime-gpu-host}
logs=$repository/build/logs

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Says every half minute what the log ends with, until killed.
follow() {
  trap 'kill "$!" 2>/dev/null; exit' TERM
  while sleep 30 & wait "$!" && kill -0 "$$" 2>/dev/null; do
    say "  $(tail -n 1 "$1" | tr '\r' '\n' | tail -n 1 | cut -c 1-100)"
  done
}

# step TITLE COMMAND…: runs a program with its output in a log, the end of which
# is shown when it fails.
step() {
  local title=$1 log status=0 follower
  shift
  log=$logs/$(tr -cs '[:alnum:].\n' '-' <<<"${title,,}").log
  mkdir -p "$logs"
  say "$title"
  : >"$log"
  follow "$log" &
  follower=$!
  "$@" >"$log" 2>&1 </dev/null || status=$?
  kill "$follower"
  wait "$follower" || true
  ((status == 0)) && return
  tail -n 60 "$log" >&2
  fail "$title: exit code $status; the whole log: $log"
}

# shellcheck source=cmake/pins.env
source "$repository/cmake/pins.env"
# shellcheck source=scripts/lib/bench.sh
source "$repository/scripts/lib/bench.sh"
# shellcheck source=scripts/lib/clang_tidy.sh
source "$repository/scripts/lib/clang_tidy.sh"
# shellcheck source=scripts/lib/cuda.sh
source "$repository/scripts/lib/cuda.sh"
# shellcheck source=scripts/lib/packages.sh
source "$repository/scripts/lib/packages.sh"
# shellcheck source=scripts/lib/roots.sh
source "$repository/scripts/lib/roots.sh"
# shellcheck source=scripts/lib/rust.sh
source "$repository/scripts/lib/rust.sh"
# shellcheck source=scripts/lib/wasmtime.sh
source "$repository/scripts/lib/wasmtime.sh"
# shellcheck source=scripts/lib/wheels.sh
source "$repository/scripts/lib/wheels.sh"
# shellcheck source=scripts/lib/wgpu_native.sh
source "$repository/scripts/lib/wgpu_native.sh"
