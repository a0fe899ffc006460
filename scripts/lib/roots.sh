# shellcheck shell=bash
# What the host is built with: an installed one that a variable names, else one in the
# cache, made once.

# root_of VARIABLE NAME ORIGIN: the folder; all that decides what the cache's holds is in ORIGIN.
root_of() {
  local key
  key=$(printf '%s\n%s\n' "$(uname -sm)" "$3" | sha256sum | cut -c 1-12)
  echo "${!1:-$cache/$2-$key}"
}

# has_root VARIABLE ROOT FILE: whether it is there; one that the variable names must be.
has_root() {
  [[ ! -f $2/$3 ]] || return 0
  [[ -z ${!1:-} ]] || fail "$1=${!1} has no $3"
  return 1
}

# make_root TITLE SCRIPT ROOT: by the script of this folder, one at a time.
make_root() {
  mkdir -p "$cache"
  step "$1" flock "$cache/$2.lock" "$repository/scripts/lib/$2" "$3"
}
