# cpack: wasmtime-gpu-host_VERSION_ARCH.deb and -dev.deb, whose libraries are Debian's, and a .tar.gz that brings its
# own. Called by scripts/package, which makes WGH_PACKAGE_NOTICES, a folder with the SBOM and the licences.
if(NOT WGH_WEBGPU OR NOT WGH_GUESTS)
  message(FATAL_ERROR "packages have the webgpu backend and the module: leave WGH_WEBGPU and WGH_GUESTS on")
endif()
set(WGH_PACKAGE_NOTICES "" CACHE PATH "The folder with copyright and sbom.cdx.json, made by scripts/package")
find_program(HELP2MAN help2man REQUIRED)
set(packaging ${PROJECT_SOURCE_DIR}/packaging)

# The manuals are the help of the program and of the module.
set(manuals ${PROJECT_BINARY_DIR}/wasmtime-gpu-host.1.gz ${PROJECT_BINARY_DIR}/wasm_ml.1.gz)
add_custom_command(OUTPUT ${manuals}
  COMMAND ${packaging}/make-manual $<TARGET_FILE:wasmtime-gpu-host> ${PROJECT_BINARY_DIR}/wasm_ml.wasm ${HELP2MAN}
    ${PROJECT_BINARY_DIR}
  DEPENDS wasmtime-gpu-host wasm_ml ${packaging}/make-manual VERBATIM)
add_custom_target(manuals ALL DEPENDS ${manuals})

# Only cpack, which names components, installs this: not a cmake --install of the same build.
set(doc_dir ${CMAKE_INSTALL_DATADIR}/doc/wasmtime-gpu-host)
install(PROGRAMS ${packaging}/wasm_ml DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime EXCLUDE_FROM_ALL)
install(FILES ${manuals} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT runtime EXCLUDE_FROM_ALL)
install(FILES ${packaging}/completion.bash COMPONENT runtime
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME wasmtime-gpu-host EXCLUDE_FROM_ALL)
install(FILES ${packaging}/completion.zsh COMPONENT runtime
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _wasmtime-gpu-host EXCLUDE_FROM_ALL)
install(FILES ${packaging}/completion.fish COMPONENT runtime
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d RENAME wasmtime-gpu-host.fish EXCLUDE_FROM_ALL)
install(FILES ${WGH_PACKAGE_NOTICES}/copyright ${WGH_PACKAGE_NOTICES}/sbom.cdx.json
  ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION ${doc_dir} COMPONENT runtime EXCLUDE_FROM_ALL)
install(FILES ${PROJECT_SOURCE_DIR}/data/diabetes_train.csv ${PROJECT_SOURCE_DIR}/data/diabetes_test.csv ${PROJECT_SOURCE_DIR}/data/README.md
  DESTINATION ${CMAKE_INSTALL_DATADIR}/wasmtime-gpu-host/data COMPONENT runtime EXCLUDE_FROM_ALL)
# Debian wants it in each package.
install(FILES ${WGH_PACKAGE_NOTICES}/copyright DESTINATION ${doc_dir}-dev COMPONENT dev EXCLUDE_FROM_ALL)

# For the .tar.gz: the libraries that a bare system lacks, where the program looks for them.
install(CODE "set(program \"$<TARGET_FILE:wasmtime-gpu-host>\")\nset(folder \"${CMAKE_INSTALL_LIBDIR}/gpu_host\")"
  COMPONENT libraries EXCLUDE_FROM_ALL)
install(CODE [[
  file(GET_RUNTIME_DEPENDENCIES EXECUTABLES ${program} RESOLVED_DEPENDENCIES_VAR libraries
    PRE_EXCLUDE_REGEXES "^lib(c|m|dl|rt|pthread|stdc\\+\\+|gcc_s)\\.so" "^ld-linux")
  foreach(library IN LISTS libraries)
    file(INSTALL ${library} DESTINATION ${CMAKE_INSTALL_PREFIX}/${folder} FOLLOW_SYMLINK_CHAIN)
  endforeach()
]] COMPONENT libraries EXCLUDE_FROM_ALL)

set(CPACK_PACKAGE_NAME wasmtime-gpu-host)
set(CPACK_PACKAGE_VENDOR "The wasmtime-gpu-host authors")
set(CPACK_PACKAGE_CONTACT "The wasmtime-gpu-host authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Runs WebAssembly modules in a sandbox with GPU compute")
set(CPACK_PACKAGE_DESCRIPTION "A host for WebAssembly modules on Wasmtime with WASI preview 1, which gives them buffers and\n machine-learning kernels through the contract wasi:gpu, on the CPU, CUDA or WebGPU.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_FILE_NAME wasmtime-gpu-host-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
set(CPACK_PROJECT_CONFIG_FILE ${packaging}/cpack.cmake)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME wasmtime-gpu-host)
# Opened at run time, where they are there.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS "libopenblas0-pthread, libvulkan1")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS "mesa-vulkan-drivers, nvidia-driver")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME wasmtime-gpu-host-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "wasmtime-gpu-host (= ${PROJECT_VERSION}), libfmt-dev, libspdlog-dev, libtbb-dev")
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "${CPACK_PACKAGE_DESCRIPTION}")
set(CPACK_COMPONENT_DEV_DESCRIPTION "The library, to embed the host in programs in C++: find_package(gpu_host).")
include(CPack)
