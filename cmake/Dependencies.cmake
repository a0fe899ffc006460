# Every library that the host needs. Versions and what is fetched: pins.env.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_path(HWY_INCLUDE_DIR hwy/highway.h REQUIRED)  # Highway, without its library: highway_targets.cpp
find_package(TBB REQUIRED COMPONENTS tbb)
find_package(Wasmtime REQUIRED)
if(WGH_WEBGPU)
  find_package(WgpuNative REQUIRED)
endif()
