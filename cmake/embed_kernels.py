#!/usr/bin/env python3
"""embed_kernels.py NVRTC INCLUDE_FOLDER FILE.cu FILE.cpp: compiles the CUDA kernels of
one file with the library NVRTC and writes FILE.cpp, which defines their Module
(backend/cuda/kernel.hpp), and what that embeds beside it.

Whatever the compiler says is an error. So a kernel that spills registers, or that has
an array for which there are none, does not get through: ptxas warns of both.
"""

import ctypes
import sys
from pathlib import Path

# The members of Module, each with its target: machine code, and PTX for later chips.
TARGETS = {"sm_80": "sm_80", "sm_90": "sm_90", "ptx": "compute_90"}
# Floating-point operations as the source has them: results are the same everywhere.
OPTIONS = ["--std=c++17", "--fmad=false", "-Xptxas=--warn-on-spills", "-Xptxas=--warn-on-local-memory-usage"]


class Nvrtc:
    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.nvrtcGetErrorString.restype = ctypes.c_char_p

    def call(self, function, *arguments):
        status = getattr(self.library, function)(*arguments)
        return self.library.nvrtcGetErrorString(status).decode() if status else ""

    def require(self, function, *arguments):
        error = self.call(function, *arguments)
        if error:
            sys.exit(f"{function}: {error}")

    def get(self, what, program):
        size = ctypes.c_size_t()
        self.require(f"nvrtcGet{what}Size", program, ctypes.byref(size))
        data = ctypes.create_string_buffer(size.value)
        self.require(f"nvrtcGet{what}", program, data)
        return data.raw

    def compile(self, file, options, what):
        program = ctypes.c_void_p()
        self.require("nvrtcCreateProgram", ctypes.byref(program), file.read_bytes(), str(file).encode(), 0, None, None)
        values = (ctypes.c_char_p * len(options))(*[option.encode() for option in options])
        error = self.call("nvrtcCompileProgram", program, len(options), values)
        log = self.get("ProgramLog", program).rstrip(b"\0").decode()
        if error or log:
            sys.exit(f"{file}, {' '.join(options)}: {error or 'warnings are errors'}\n{log}")
        return self.get(what, program)


def main(nvrtc_path, include_folder, kernels, output):
    nvrtc, kernels, output = Nvrtc(nvrtc_path), Path(kernels), Path(output)
    blocks, declarations, symbols = [], [], []
    for member, target in TARGETS.items():
        options = [*OPTIONS, f"--include-path={include_folder}", f"--gpu-architecture={target}"]
        data = nvrtc.compile(kernels, options, "PTX" if member == "ptx" else "CUBIN")
        embedded = output.with_suffix(f".{member}")
        embedded.write_bytes(data)
        symbol = f"wgh_cuda_{kernels.stem}_{member}"
        # The loader wants cubins aligned like other ELF files.
        blocks.append(f'    ".balign 16\\n{symbol}: .incbin \\"{embedded}\\"\\n"\n')
        declarations.append(f'extern "C" const std::byte {symbol}[{len(data)}];\n')
        symbols.append(symbol)
    output.write_text(f"""// Generated.
#include "backend/cuda/modules.hpp"

asm(".pushsection .rodata\\n"
{''.join(blocks)}    ".popsection\\n");

{''.join(declarations)}
constinit const gpu_host::cuda::Module gpu_host::cuda::modules::{kernels.stem}{{
    "{kernels.stem}", {', '.join(symbols)}}};
""")


main(*sys.argv[1:])
