# wasi_gpu_module(NAME [FOREST] SOURCES…): a WebAssembly module NAME.wasm that uses
# the C++ bindings of wasi:gpu; with FOREST, those of wasi_gpu/forest.hpp too, and then
# it needs a host of 0.2.0. Needs cmake/wasm32-wasi.cmake as toolchain file.
set(WASI_GPU_SDK_DIR ${CMAKE_CURRENT_LIST_DIR})

function(wasi_gpu_module name)
  cmake_parse_arguments(PARSE_ARGV 1 module "FOREST" "" "")
  # start.cpp stands in for the C library's start routine; it says why.
  add_executable(${name} ${module_UNPARSED_ARGUMENTS} ${WASI_GPU_SDK_DIR}/src/start.cpp)
  if(module_FOREST)
    target_compile_definitions(${name} PRIVATE WASI_GPU_FOREST)
  endif()
  wasi_gpu_compile_options(${name})
  # wasm-ld's own default is a stack of 64 KiB, above the data that an overflow
  # would overwrite. Put first, an overflow traps.
  target_link_options(${name} PRIVATE -nostartfiles -Wl,-z,stack-size=1048576 -Wl,--stack-first)
  set_target_properties(${name} PROPERTIES SUFFIX .wasm)
endfunction()

# What the sources of a module are compiled with, for a library of them too.
function(wasi_gpu_compile_options name)
  target_include_directories(${name} PRIVATE ${WASI_GPU_SDK_DIR}/include)
  target_compile_features(${name} PRIVATE cxx_std_23)
  target_compile_options(${name} PRIVATE -fno-exceptions -fno-rtti -Wall -Wextra -Wpedantic -Wshadow)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()
