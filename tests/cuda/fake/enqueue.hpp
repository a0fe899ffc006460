// How the other fake libraries queue work on the fake driver's streams.
#pragma once

#pragma GCC visibility push(default)
#include <cuda.h>

#include <functional>

// On the current context's stream, like any call of the driver.
extern "C" CUresult fake_cuda_enqueue(CUstream stream, const std::function<CUresult()>& work);
#pragma GCC visibility pop
