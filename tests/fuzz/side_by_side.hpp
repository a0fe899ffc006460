// The same steps on two backends. What the contract leaves to each of them is left out:
// the text of a kernel-error, the output of a kernel that failed, and rounding.
#pragma once

#include "fuzz/byte_reader.hpp"
#include "fuzz/interpreter.hpp"

namespace gpu_host::fuzz {

// Both instances are of the same module and have the same limits.
void run_side_by_side(Interpreter& one, Interpreter& other, ByteReader bytes);

}  // namespace gpu_host::fuzz
