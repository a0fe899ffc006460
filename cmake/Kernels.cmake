# CUDA kernels as constants of the program.

find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(WGH_EMBED_KERNELS ${CMAKE_CURRENT_LIST_DIR}/embed_kernels.py)

# wgh_embed_kernels(TARGET NAMES…): an object library with each NAME.cu of this folder,
# compiled, and the header backend/cuda/modules.hpp in ${PROJECT_BINARY_DIR}/generated.
# Any header of the folder may be in any of them.
function(wgh_embed_kernels target)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp ${CMAKE_CURRENT_SOURCE_DIR}/*.cuh)
  set(declarations "")
  set(sources "")
  foreach(name IN LISTS ARGN)
    set(kernels ${CMAKE_CURRENT_SOURCE_DIR}/${name}.cu)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
    add_custom_command(OUTPUT ${source}
      COMMAND ${Python3_EXECUTABLE} ${WGH_EMBED_KERNELS} ${CudaKit_NVRTC} ${PROJECT_SOURCE_DIR}/src ${kernels} ${source}
      DEPENDS ${kernels} ${headers} ${WGH_EMBED_KERNELS} ${CudaKit_NVRTC} COMMENT "Compiling kernels ${name}" VERBATIM)
    string(APPEND declarations "extern const Module ${name};\n")
    list(APPEND sources ${source})
  endforeach()
  set(generated ${PROJECT_BINARY_DIR}/generated)
  file(CONFIGURE OUTPUT ${generated}/backend/cuda/modules.hpp @ONLY CONTENT
"// Generated: the kernels, compiled.
#pragma once

#include \"backend/cuda/kernel.hpp\"

namespace gpu_host::cuda::modules {

@declarations@
}  // namespace gpu_host::cuda::modules
")
  add_library(${target} OBJECT ${sources})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src ${generated})
  target_link_libraries(${target} PRIVATE wgh_options)
endfunction()
