# Completion for fish: options are those that the program's help lists.

function __wasmtime_gpu_host_options
    set -l command run
    set -l words (commandline -opc)
    if test (count $words) -gt 1; and contains -- $words[2] compile devices doctor
        set command $words[2]
    end
    wasmtime-gpu-host $command --help 2>/dev/null | string replace -rf '^ *(-[^ ]*).*' '$1' | string split ,
end

complete -c wasmtime-gpu-host -n __fish_use_subcommand -a 'run compile devices doctor help'
complete -c wasmtime-gpu-host -n 'string match -q -- "-*" (commandline -ct)' -a '(__wasmtime_gpu_host_options)'
complete -c wasmtime-gpu-host -l backend -x -a 'cpu cuda webgpu'
complete -c wasmtime-gpu-host -l log -x -a 'off error warn info debug trace'
complete -c wasmtime-gpu-host -l profile -x -a 'perfmap jitdump guest'
complete -c wasmtime-gpu-host -s d -l workdir -x -a '(__fish_complete_directories)'
