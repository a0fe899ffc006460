// How the other fake libraries use the fake driver.
#pragma once

#pragma GCC visibility push(default)
#include <cuda.h>

#include <functional>

// What a call of this name ends with: it needs a current context, and can be made to fail as the driver's
// (fake_cuda.hpp).
extern "C" CUresult fake_cuda_call(const char* function);
// On the current context's stream, like any call of the driver.
extern "C" CUresult fake_cuda_enqueue(CUstream stream, const std::function<CUresult()>& work);
#pragma GCC visibility pop
