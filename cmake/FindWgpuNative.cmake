# wgpu-native: its headers as WgpuNative::headers, its library's path in
# WgpuNative_LIBRARY. Nothing links the library, which is opened at run time. The
# installed one that WGPU_NATIVE_ROOT (CMake or environment variable) names, else
# the one that scripts/setup fetched.
include(${CMAKE_CURRENT_LIST_DIR}/WghRoot.cmake)
wgh_root(wgpu_native_root WGPU_NATIVE_ROOT --wgpu-native-root)
# The paths are not cached: another WGPU_NATIVE_ROOT or version takes effect at once.
# wgpu-native's own releases have the headers in include/webgpu.
find_path(WgpuNative_INCLUDE_DIR wgpu.h PATHS ${wgpu_native_root}/include PATH_SUFFIXES webgpu NO_DEFAULT_PATH NO_CACHE)
find_file(WgpuNative_LIBRARY libwgpu_native.so PATHS ${wgpu_native_root}/lib NO_DEFAULT_PATH NO_CACHE)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(WgpuNative REQUIRED_VARS WgpuNative_LIBRARY WgpuNative_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "none in ${wgpu_native_root}: run scripts/setup, set WGPU_NATIVE_ROOT to an installed one, or configure with -DWGH_WEBGPU=OFF")
if(WgpuNative_FOUND AND NOT TARGET WgpuNative::headers)
  add_library(WgpuNative::headers INTERFACE IMPORTED)
  set_target_properties(WgpuNative::headers PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${WgpuNative_INCLUDE_DIR})
endif()
