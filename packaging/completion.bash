# shellcheck shell=bash
# Completion for bash: options and keys are those that the program's help lists.

# The options of a command, one per line.
_wasmtime_gpu_host_options() {
  wasmtime-gpu-host "$1" --help 2>/dev/null | sed -n 's/^ *\(-[^ ]*\).*/\1/p' | tr ',' '\n'
}

# The keys of an option group (-W and so on), with = where they take a value.
_wasmtime_gpu_host_keys() {
  wasmtime-gpu-host "$1" help 2>/dev/null | sed -n 's/^ *-[A-Z] \([a-z-]*=\{0,1\}\).*/\1/p'
}

_wasmtime_gpu_host() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=run words=
  case ${COMP_WORDS[1]} in compile | devices | doctor) command=${COMP_WORDS[1]} ;; esac
  case $previous in
    --backend) words='cpu cuda webgpu' ;;
    --log) words='off error warn info debug trace' ;;
    --profile) words='perfmap jitdump guest' ;;
    -W | -O | -C | -S | -G) words=$(_wasmtime_gpu_host_keys "$previous") ;;
    -d | --workdir | --dir)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
  esac
  if [[ -z $words && $current == -* ]]; then
    words=$(_wasmtime_gpu_host_options "$command")
  elif [[ -z $words && $COMP_CWORD == 1 ]]; then
    words='run compile devices doctor help'
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if ((${#COMPREPLY[@]} == 0)); then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  elif [[ ${COMPREPLY[0]} == *= ]]; then
    compopt -o nospace 2>/dev/null
  fi
}

complete -F _wasmtime_gpu_host wasmtime-gpu-host
