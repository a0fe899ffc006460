// What the extension module has, part by part.
#pragma once

#include <nanobind/nanobind.h>

#include "forest.hpp"

namespace gpu_host_python {

void bind_host(nb::module_& module);
void bind_forest(nb::module_& module);

}  // namespace gpu_host_python
