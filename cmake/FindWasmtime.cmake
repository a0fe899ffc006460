# Wasmtime's C API as Wasmtime::wasmtime: the installed one that WASMTIME_ROOT
# (CMake or environment variable) names, else the one that scripts/setup built.
include(${CMAKE_CURRENT_LIST_DIR}/WghRoot.cmake)
wgh_root(wasmtime_root WASMTIME_ROOT --wasmtime-root)
# The paths are not cached: another WASMTIME_ROOT or version takes effect at once.
find_path(Wasmtime_INCLUDE_DIR wasmtime.h PATHS ${wasmtime_root}/include NO_DEFAULT_PATH NO_CACHE)
find_library(Wasmtime_LIBRARY wasmtime PATHS ${wasmtime_root}/lib NO_DEFAULT_PATH NO_CACHE)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Wasmtime REQUIRED_VARS Wasmtime_LIBRARY Wasmtime_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "none in ${wasmtime_root}: run scripts/setup, or set WASMTIME_ROOT to an installed C API")
if(Wasmtime_FOUND AND NOT TARGET Wasmtime::wasmtime)
  add_library(Wasmtime::wasmtime UNKNOWN IMPORTED)
  set_target_properties(Wasmtime::wasmtime PROPERTIES
    IMPORTED_LOCATION ${Wasmtime_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${Wasmtime_INCLUDE_DIR}
    INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")
endif()
