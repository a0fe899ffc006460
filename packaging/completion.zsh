#compdef wasmtime-gpu-host
# Completion for zsh: options are those that the program's help lists.

_wasmtime_gpu_host() {
  local command=run
  case ${words[2]} in compile|devices|doctor) command=${words[2]} ;; esac
  case ${words[CURRENT-1]} in
    --backend) compadd cpu cuda webgpu; return ;;
    --log) compadd off error warn info debug trace; return ;;
    --profile) compadd perfmap jitdump guest; return ;;
    -d|--workdir|--dir) _files -/; return ;;
  esac
  if [[ ${words[CURRENT]} == -* ]]; then
    compadd -- ${(f)"$(wasmtime-gpu-host $command --help 2>/dev/null | sed -n 's/^ *\(-[^ ]*\).*/\1/p' | tr ',' '\n')"}
    return
  fi
  ((CURRENT == 2)) && compadd run compile devices doctor help
  _files
}

_wasmtime_gpu_host "$@"
