# CUDA 12, to build with: the driver's header as CudaKit::headers, the compiler of
# kernels in CudaKit_NVRTC. Nothing links a library of it. The toolkit that CUDA_ROOT
# (CMake or environment variable) names, else what scripts/setup fetched.
include(${CMAKE_CURRENT_LIST_DIR}/WghRoot.cmake)
wgh_root(cuda_root CUDA_ROOT --cuda-root)
# The paths are not cached: another CUDA_ROOT or version takes effect at once.
find_path(CudaKit_INCLUDE_DIR cuda.h PATHS ${cuda_root}/include NO_DEFAULT_PATH NO_CACHE)
find_file(CudaKit_NVRTC libnvrtc.so.12 PATHS ${cuda_root}/lib64 NO_DEFAULT_PATH NO_CACHE)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CudaKit REQUIRED_VARS CudaKit_NVRTC CudaKit_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "none in ${cuda_root}: run scripts/setup, set CUDA_ROOT to a CUDA 12 toolkit, or configure with -DWGH_CUDA=OFF")
if(CudaKit_FOUND AND NOT TARGET CudaKit::headers)
  add_library(CudaKit::headers INTERFACE IMPORTED)
  set_target_properties(CudaKit::headers PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${CudaKit_INCLUDE_DIR})
endif()
