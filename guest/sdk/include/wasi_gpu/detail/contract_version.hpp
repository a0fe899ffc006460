// The version of wasi:gpu that a module imports: 0.2.0 where WASI_GPU_FOREST is defined, else 0.1.0.
#pragma once

#if defined(WASI_GPU_FOREST)
#define WASI_GPU_VERSION "0.2.0"
#define WASI_GPU_VERSION_SYMBOL wasi_gpu_0_2_0
#else
#define WASI_GPU_VERSION "0.1.0"
#define WASI_GPU_VERSION_SYMBOL wasi_gpu_0_1_0
#endif

// start.cpp defines the symbol of its version, imports.hpp refers to that of its own: sources that differ do not link.
extern "C" const char WASI_GPU_VERSION_SYMBOL;
