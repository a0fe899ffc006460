# Every library that the host needs. Versions and what is fetched: pins.env.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Wasmtime REQUIRED)

# Where scripts/setup puts wasm-tools, which tests need.
if(NOT WGH_TOOLS_BIN)
  execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/../scripts/setup --wasm-tools-bin
    OUTPUT_VARIABLE WGH_TOOLS_BIN OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
