# cmake --install: the program with what it opens (the component runtime), and the library for
# find_package(gpu_host) (the component dev).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/gpu_host)
install(TARGETS wasmtime-gpu-host RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
install(TARGETS gpu_host_backend gpu_host_wasi_gpu gpu_host_abi gpu_host EXPORT gpu_host
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/gpu_host COMPONENT dev INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/gpu_host DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(EXPORT gpu_host NAMESPACE gpu_host:: DESTINATION ${package_dir} COMPONENT dev)

# Wasmtime belongs to the package: what links the library links this very build.
get_target_property(wasmtime_library Wasmtime::wasmtime IMPORTED_LOCATION)
install(FILES ${wasmtime_library} DESTINATION ${CMAKE_INSTALL_LIBDIR}/gpu_host COMPONENT dev)
cmake_path(GET wasmtime_library FILENAME wasmtime_file)

# So does wgpu-native: what is installed opens this very library.
if(WGH_WEBGPU)
  file(REAL_PATH ${WgpuNative_LIBRARY} wgpu_native_library)
  install(FILES ${wgpu_native_library} DESTINATION ${CMAKE_INSTALL_LIBDIR}/gpu_host COMPONENT runtime RENAME libwgpu_native.so)
endif()

# And the module, with what embedders need to call it.
if(WGH_GUESTS)
  install(FILES ${PROJECT_BINARY_DIR}/wasm_ml.wasm DESTINATION ${CMAKE_INSTALL_LIBDIR}/gpu_host COMPONENT runtime)
  install(FILES ${PROJECT_SOURCE_DIR}/guest/wasm_ml/embedding.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/wasm_ml COMPONENT dev)
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/gpu_hostConfig.cmake.in gpu_hostConfig.cmake
  INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(gpu_hostConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/gpu_hostConfig.cmake ${PROJECT_BINARY_DIR}/gpu_hostConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT dev)
