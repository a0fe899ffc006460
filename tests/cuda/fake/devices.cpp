// Start, devices, contexts, errors' names.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "driver.hpp"

using fake_cuda::Call;
using fake_cuda::Context;
using fake_cuda::driver;

namespace {

// CUDA_VISIBLE_DEVICES as the driver reads lists of indices: up to the first that is none; none, if one comes twice.
std::vector<CUdevice> visible_devices() {
  const auto devices = static_cast<int>(driver().settings.devices);
  std::vector<CUdevice> visible;
  const char* const text = std::getenv("CUDA_VISIBLE_DEVICES");
  if (text == nullptr) {
    for (int i = 0; i < devices; ++i) visible.push_back(i);
    return visible;
  }
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    char* end = nullptr;
    const long index = std::strtol(word.c_str(), &end, 10);
    if (word.empty() || *end != '\0' || index < 0 || index >= devices) break;
    for (const CUdevice other : visible) {
      if (other == index) return {};
    }
    visible.push_back(static_cast<CUdevice>(index));
  }
  return visible;
}

bool is_device(CUdevice device) { return device >= 0 && device < static_cast<int>(driver().visible.size()); }

struct ErrorText {
  CUresult error;
  const char* name;
  const char* text;
};
constexpr ErrorText kErrors[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {CUDA_ERROR_INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {CUDA_ERROR_INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CUDA_ERROR_SYSTEM_NOT_READY, "CUDA_ERROR_SYSTEM_NOT_READY", "system not yet initialized"},
    {CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
     "system has unsupported display driver / cuda driver combination"},
    {CUDA_ERROR_UNKNOWN, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

const ErrorText* find_error(CUresult error) {
  for (const ErrorText& known : kErrors) {
    if (known.error == error) return &known;
  }
  return nullptr;
}

}  // namespace

CUresult CUDAAPI cuInit(unsigned /*flags*/) {
  FAKE_CUDA_CALL("Init", nothing);
  if (driver().settings.init != CUDA_SUCCESS) return driver().settings.init;
  driver().visible = visible_devices();
  if (driver().visible.empty()) return CUDA_ERROR_NO_DEVICE;
  driver().is_started = true;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDriverGetVersion(int* version) {
  FAKE_CUDA_CALL("DriverGetVersion", nothing);
  *version = driver().settings.driver_version;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGetErrorName(CUresult error, const char** name) {
  const ErrorText* const known = find_error(error);
  *name = known == nullptr ? nullptr : known->name;
  return known == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult CUDAAPI cuGetErrorString(CUresult error, const char** text) {
  const ErrorText* const known = find_error(error);
  *text = known == nullptr ? nullptr : known->text;
  return known == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetCount(int* count) {
  FAKE_CUDA_CALL("DeviceGetCount", start);
  *count = static_cast<int>(driver().visible.size());
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGet(CUdevice* device, int ordinal) {
  FAKE_CUDA_CALL("DeviceGet", start);
  if (!is_device(ordinal)) return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetName(char* name, int length, CUdevice device) {
  FAKE_CUDA_CALL("DeviceGetName", start);
  if (!is_device(device)) return CUDA_ERROR_INVALID_DEVICE;
  (void)std::snprintf(name, static_cast<std::size_t>(length), "Fake GPU %d",
                      driver().visible[static_cast<std::size_t>(device)]);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceTotalMem(std::size_t* bytes, CUdevice device) {
  FAKE_CUDA_CALL("DeviceTotalMem_v2", start);
  if (!is_device(device)) return CUDA_ERROR_INVALID_DEVICE;
  *bytes = driver().settings.memory;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice device) {
  FAKE_CUDA_CALL("DeviceGetAttribute", start);
  if (!is_device(device)) return CUDA_ERROR_INVALID_DEVICE;
  switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
      *value = static_cast<int>(driver().settings.capability / 10);
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
      *value = static_cast<int>(driver().settings.capability % 10);
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
      *value = 4;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED:
      *value = static_cast<int>(driver().settings.pools);
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_MODE:
      *value = static_cast<int>(driver().settings.compute_mode);
      return CUDA_SUCCESS;
    default:
      return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  }
}

CUresult CUDAAPI cuCtxCreate(CUcontext* context, unsigned /*flags*/, CUdevice device) {
  FAKE_CUDA_CALL("CtxCreate_v2", start);
  if (!is_device(device)) return CUDA_ERROR_INVALID_DEVICE;
  if (driver().lost_devices.contains(device)) return CUDA_ERROR_UNKNOWN;
  *context = fake_cuda::add<CUcontext>(driver().contexts, std::make_shared<Context>(Context{device}));
  fake_cuda::current_contexts().push_back(*context);
  return CUDA_SUCCESS;
}

// What was made in a context and is still there stays counted: it is a leak.
CUresult CUDAAPI cuCtxDestroy(CUcontext context) {
  FAKE_CUDA_CALL("CtxDestroy_v2", start);
  if (driver().contexts.erase(context) == 0) return driver().misuse(CUDA_ERROR_INVALID_CONTEXT);
  auto& current = fake_cuda::current_contexts();
  if (!current.empty() && current.back() == context) current.pop_back();
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuCtxPushCurrent(CUcontext context) {
  FAKE_CUDA_CALL("CtxPushCurrent_v2", start);
  if (fake_cuda::find(driver().contexts, context) == nullptr) return driver().misuse(CUDA_ERROR_INVALID_CONTEXT);
  fake_cuda::current_contexts().push_back(context);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuCtxPopCurrent(CUcontext* context) {
  FAKE_CUDA_CALL("CtxPopCurrent_v2", start);
  auto& current = fake_cuda::current_contexts();
  if (current.empty()) return driver().misuse(CUDA_ERROR_INVALID_CONTEXT);
  if (context != nullptr) *context = current.back();
  current.pop_back();
  return CUDA_SUCCESS;
}
