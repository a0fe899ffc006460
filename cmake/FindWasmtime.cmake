# Wasmtime's C API as Wasmtime::wasmtime. WASMTIME_ROOT (CMake or environment
# variable) names an installed one; scripts/ set it to the one they build.
find_path(Wasmtime_INCLUDE_DIR wasmtime.h HINTS ${WASMTIME_ROOT} ENV WASMTIME_ROOT PATH_SUFFIXES include)
find_library(Wasmtime_LIBRARY wasmtime HINTS ${WASMTIME_ROOT} ENV WASMTIME_ROOT PATH_SUFFIXES lib)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Wasmtime REQUIRED_VARS Wasmtime_LIBRARY Wasmtime_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run scripts/setup, or set WASMTIME_ROOT to an installed Wasmtime C API")
if(Wasmtime_FOUND AND NOT TARGET Wasmtime::wasmtime)
  add_library(Wasmtime::wasmtime UNKNOWN IMPORTED)
  set_target_properties(Wasmtime::wasmtime PROPERTIES
    IMPORTED_LOCATION ${Wasmtime_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${Wasmtime_INCLUDE_DIR}
    INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")
endif()
