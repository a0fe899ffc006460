# Toolchain file for modules, target wasm32-wasi: the wasi-sdk in WASI_SDK_PATH
# (CMake or environment variable), else clang 19 (or the newest clang there is)
# with Debian's wasi-libc and libc++ for wasm32.
set(CMAKE_SYSTEM_NAME Generic)  # CMake 3.25 has no platform file for WASI
set(CMAKE_SYSTEM_PROCESSOR wasm32)

if(NOT WASI_SDK_PATH AND DEFINED ENV{WASI_SDK_PATH})
  set(WASI_SDK_PATH "$ENV{WASI_SDK_PATH}" CACHE PATH "An installed wasi-sdk")
endif()
# CMake's own checks run in projects of their own: they must see it too.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES WASI_SDK_PATH)

if(WASI_SDK_PATH)
  find_program(WASM_CLANG clang PATHS ${WASI_SDK_PATH}/bin NO_DEFAULT_PATH)
  find_program(WASM_CLANGXX clang++ PATHS ${WASI_SDK_PATH}/bin NO_DEFAULT_PATH)
else()
  find_program(WASM_CLANG NAMES clang-19 clang)
  find_program(WASM_CLANGXX NAMES clang++-19 clang++)
endif()
if(NOT WASM_CLANG OR NOT WASM_CLANGXX)
  message(FATAL_ERROR "no clang for wasm32-wasi: install clang-19, lld-19, wasi-libc and libc++-19-dev-wasm32, "
    "or set WASI_SDK_PATH to an installed wasi-sdk")
endif()

set(CMAKE_C_COMPILER ${WASM_CLANG})
set(CMAKE_CXX_COMPILER ${WASM_CLANGXX})
set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
# Nothing of the machine that builds.
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE NEVER)
