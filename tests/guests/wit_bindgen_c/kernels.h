#pragma once

// Calls each function of ml-kernels and checks its numbers.
void check_kernels(void);
