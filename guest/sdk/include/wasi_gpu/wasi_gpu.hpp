// C++ bindings of wasi:gpu for WebAssembly modules. Header-only, without
// exceptions: every function that can fail returns a Result.
#pragma once

#include "wasi_gpu/buffer.hpp"
#include "wasi_gpu/device.hpp"
#include "wasi_gpu/error.hpp"
#include "wasi_gpu/kernels.hpp"
#include "wasi_gpu/types.hpp"
