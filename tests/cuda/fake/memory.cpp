// Memory of devices and pinned memory, copies.
#include <cstdlib>
#include <cstring>

#include "driver.hpp"

using fake_cuda::Allocation;
using fake_cuda::Call;
using fake_cuda::Driver;
using fake_cuda::driver;

namespace {

void* at(CUdeviceptr address) { return reinterpret_cast<void*>(address); }

// Memory with a size that AddressSanitizer keeps to the byte, with bytes that are not zeros.
void* garbage(std::size_t alignment, std::size_t size) {
  static unsigned next = 0;
  constexpr unsigned char kBytes[] = {0xFF, 0xA5, 0x7F};  // as f32: not a number, tiny, near the largest
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, size) != 0) return nullptr;
  std::memset(memory, kBytes[next++ % 3], size);
  return memory;
}

// The operation's own check is for memory that is freed before its turn comes.
CUresult copy(CUdeviceptr to, CUdeviceptr from, std::size_t size) {
  std::memmove(at(to), at(from), size);
  return CUDA_SUCCESS;
}

CUresult give_back(std::uintptr_t address) {
  const auto found = driver().memory.find(address);
  std::memset(at(address), 0xDB, found->second.size);
  driver().used[found->second.device] -= found->second.size;
  std::free(at(address));
  driver().memory.erase(found);
  return CUDA_SUCCESS;
}

}  // namespace

CUresult CUDAAPI cuMemPoolCreate(CUmemoryPool* pool, const CUmemPoolProps* properties) {
  FAKE_CUDA_CALL("MemPoolCreate", start);
  if (properties->allocType != CU_MEM_ALLOCATION_TYPE_PINNED ||
      properties->location.type != CU_MEM_LOCATION_TYPE_DEVICE || properties->location.id < 0 ||
      properties->location.id >= static_cast<int>(driver().visible.size())) {
    return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  }
  *pool = fake_cuda::add<CUmemoryPool>(driver().pools, std::make_shared<CUdevice>(properties->location.id));
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemPoolDestroy(CUmemoryPool pool) {
  FAKE_CUDA_CALL("MemPoolDestroy", start);
  return driver().pools.erase(pool) == 1 ? CUDA_SUCCESS : driver().misuse(CUDA_ERROR_INVALID_VALUE);
}

CUresult CUDAAPI cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute /*attribute*/, void* value) {
  FAKE_CUDA_CALL("MemPoolSetAttribute", start);
  const bool is_valid = fake_cuda::find(driver().pools, pool) != nullptr && value != nullptr;
  return is_valid ? CUDA_SUCCESS : driver().misuse(CUDA_ERROR_INVALID_VALUE);
}

CUresult CUDAAPI cuMemPoolTrimTo(CUmemoryPool pool, std::size_t /*keep*/) {
  FAKE_CUDA_CALL("MemPoolTrimTo", start);
  const bool is_valid = fake_cuda::find(driver().pools, pool) != nullptr;
  return is_valid ? CUDA_SUCCESS : driver().misuse(CUDA_ERROR_INVALID_VALUE);
}

CUresult CUDAAPI cuMemAllocFromPoolAsync(CUdeviceptr* address, std::size_t size, CUmemoryPool pool, CUstream stream) {
  FAKE_CUDA_CALL("MemAllocFromPoolAsync", context);
  const auto device = fake_cuda::find(driver().pools, pool);
  const auto used_stream = call.stream(stream);
  if (device == nullptr || used_stream == nullptr || size == 0) return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  // What was freed earlier in this stream's order can be used again.
  const std::uint64_t total = driver().settings.memory;
  std::uint64_t& used = driver().used[*device];
  if (size > total || used > total - size) Driver::finish(*used_stream);
  if (call.context->error != CUDA_SUCCESS) return call.context->error;
  if (size > total || used > total - size) return CUDA_ERROR_OUT_OF_MEMORY;
  void* const memory = garbage(256, size);
  if (memory == nullptr) return CUDA_ERROR_OUT_OF_MEMORY;
  *address = reinterpret_cast<CUdeviceptr>(memory);
  driver().memory[*address] = {size, *device};
  used += size;
  return CUDA_SUCCESS;
}

// In a lost context too: the program has done its part.
CUresult CUDAAPI cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
  FAKE_CUDA_CALL("MemFreeAsync", give_back);
  const auto found = driver().memory.find(address);
  if (found == driver().memory.end() || found->second.is_freed) return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  const CUresult queued = call.queue(stream, [address] { return give_back(address); }, true);
  found->second.is_freed = queued == CUDA_SUCCESS;
  return call.result(queued);
}

CUresult CUDAAPI cuMemHostAlloc(void** memory, std::size_t size, unsigned /*flags*/) {
  FAKE_CUDA_CALL("MemHostAlloc", context);
  *memory = size == 0 ? nullptr : garbage(4096, size);
  if (*memory == nullptr) return size == 0 ? driver().misuse(CUDA_ERROR_INVALID_VALUE) : CUDA_ERROR_OUT_OF_MEMORY;
  driver().pinned[reinterpret_cast<std::uintptr_t>(*memory)] = size;
  return CUDA_SUCCESS;
}

// As the driver's, waits for the work of the context.
CUresult CUDAAPI cuMemFreeHost(void* memory) {
  FAKE_CUDA_CALL("MemFreeHost", give_back);
  if (driver().pinned.erase(reinterpret_cast<std::uintptr_t>(memory)) == 0) {
    return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  }
  for (const auto& [handle, stream] : driver().streams) {
    if (stream->context == call.context) Driver::finish(*stream);
  }
  std::free(memory);
  return call.result(CUDA_SUCCESS);
}

CUresult CUDAAPI cuMemcpyHtoDAsync(CUdeviceptr to, const void* from, std::size_t size, CUstream stream) {
  FAKE_CUDA_CALL("MemcpyHtoDAsync_v2", context);
  if (size == 0) return CUDA_SUCCESS;
  if (!fake_cuda::is_device_memory(to, size)) return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  if (fake_cuda::is_pinned(from, size)) {
    return call.queue(stream, [=] { return copy(to, reinterpret_cast<CUdeviceptr>(from), size); });
  }
  // Pageable memory has been read when the call returns.
  const auto* const bytes = static_cast<const std::byte*>(from);
  return call.queue(stream, [=, bytes = std::vector(bytes, bytes + size)] {
    return copy(to, reinterpret_cast<CUdeviceptr>(bytes.data()), size);
  });
}

CUresult CUDAAPI cuMemcpyDtoHAsync(void* to, CUdeviceptr from, std::size_t size, CUstream stream) {
  FAKE_CUDA_CALL("MemcpyDtoHAsync_v2", context);
  if (size == 0) return CUDA_SUCCESS;
  if (!fake_cuda::is_device_memory(from, size)) return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  const CUresult queued = call.queue(stream, [=] { return copy(reinterpret_cast<CUdeviceptr>(to), from, size); });
  if (queued != CUDA_SUCCESS || fake_cuda::is_pinned(to, size)) return queued;
  Driver::finish(*call.stream(stream));  // pageable memory has been written when the call returns
  return call.context->error;
}

CUresult CUDAAPI cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, std::size_t size, CUstream stream) {
  FAKE_CUDA_CALL("MemcpyDtoDAsync_v2", context);
  if (size == 0) return CUDA_SUCCESS;
  if (!fake_cuda::is_device_memory(to, size) || !fake_cuda::is_device_memory(from, size)) {
    return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  }
  return call.queue(stream, [=] { return copy(to, from, size); });
}

CUresult CUDAAPI cuMemsetD8Async(CUdeviceptr address, unsigned char byte, std::size_t size, CUstream stream) {
  FAKE_CUDA_CALL("MemsetD8Async", context);
  if (size == 0) return CUDA_SUCCESS;
  if (!fake_cuda::is_device_memory(address, size)) return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  return call.queue(stream, [=] {
    std::memset(at(address), byte, size);
    return CUDA_SUCCESS;
  });
}
