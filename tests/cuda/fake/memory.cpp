// Memory of devices and pinned memory, copies.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "driver.hpp"

using fake_cuda::Allocation;
using fake_cuda::Call;
using fake_cuda::Driver;
using fake_cuda::driver;
using fake_cuda::Pool;

namespace {

// So much at both ends of memory is filled: more takes longer than all else that a small test does.
constexpr std::size_t kFilled = 64 << 10;

void* at(CUdeviceptr address) { return reinterpret_cast<void*>(address); }

void fill(void* memory, std::size_t size, unsigned char byte) {
  const std::size_t filled = std::min(size, kFilled);
  std::memset(memory, byte, filled);
  std::memset(static_cast<std::byte*>(memory) + size - filled, byte, filled);
}

// Memory with a size that AddressSanitizer keeps to the byte, with bytes that are not zeros.
void* garbage(std::size_t alignment, std::size_t size) {
  static unsigned next = 0;
  constexpr unsigned char kBytes[] = {0xFF, 0xA5, 0x7F};  // as f32: not a number, tiny, near the largest
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, size) != 0) return nullptr;
  fill(memory, size, kBytes[next++ % 3]);
  return memory;
}

// The operation's own check is for memory that is freed before its turn comes.
CUresult copy(CUdeviceptr to, CUdeviceptr from, std::size_t size) {
  std::memmove(at(to), at(from), size);
  return CUDA_SUCCESS;
}

void release(Pool& pool, std::multiset<std::size_t>& blocks, std::uint64_t keep) {
  while (pool.reserved > keep && !blocks.empty()) {
    pool.reserved -= *blocks.begin();
    driver().reserved[pool.device] -= *blocks.begin();
    blocks.erase(blocks.begin());
  }
}

bool reuse(std::multiset<std::size_t>& blocks, std::size_t size) {
  const auto block = blocks.lower_bound(size);
  if (block == blocks.end()) return false;
  const std::size_t rest = *block - size;
  blocks.erase(block);
  if (rest > 0) blocks.insert(rest);
  return true;
}

bool reserve(Pool& pool, std::size_t size) {
  if (reuse(pool.seen, size) || reuse(pool.unseen, size)) return true;
  std::uint64_t& reserved = driver().reserved[pool.device];
  if (size > driver().settings.memory || reserved > driver().settings.memory - size) return false;
  pool.reserved += size;
  reserved += size;
  return true;
}

CUresult give_back(std::uintptr_t address) {
  const auto found = driver().memory.find(address);
  Pool& pool = *found->second.pool;
  fill(at(address), found->second.size, 0xDB);
  pool.unseen.insert(found->second.size);
  if (pool.is_destroyed) release(pool, pool.unseen, 0);
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
  auto made = std::make_shared<Pool>();
  made->device = properties->location.id;
  *pool = fake_cuda::add<CUmemoryPool>(driver().pools, std::move(made));
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemPoolDestroy(CUmemoryPool handle) {
  FAKE_CUDA_CALL("MemPoolDestroy", start);
  const auto pool = fake_cuda::find(driver().pools, handle);
  if (pool == nullptr) return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  pool->is_destroyed = true;
  release(*pool, pool->seen, 0);
  release(*pool, pool->unseen, 0);
  driver().pools.erase(handle);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemPoolSetAttribute(CUmemoryPool handle, CUmemPool_attribute attribute, void* value) {
  FAKE_CUDA_CALL("MemPoolSetAttribute", start);
  const auto pool = fake_cuda::find(driver().pools, handle);
  if (pool == nullptr || value == nullptr || attribute != CU_MEMPOOL_ATTR_RELEASE_THRESHOLD) {
    return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  }
  pool->threshold = *static_cast<const cuuint64_t*>(value);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemPoolTrimTo(CUmemoryPool handle, std::size_t keep) {
  FAKE_CUDA_CALL("MemPoolTrimTo", start);
  const auto pool = fake_cuda::find(driver().pools, handle);
  if (pool == nullptr) return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  release(*pool, pool->seen, keep);
  return CUDA_SUCCESS;
}

void fake_cuda::see_freed(CUdevice device) {
  for (const auto& [handle, pool] : driver().pools) {
    if (pool->device != device) continue;
    pool->seen.merge(pool->unseen);
    release(*pool, pool->seen, pool->threshold);
  }
}

CUresult CUDAAPI cuMemAllocFromPoolAsync(CUdeviceptr* address, std::size_t size, CUmemoryPool handle, CUstream stream) {
  FAKE_CUDA_CALL("MemAllocFromPoolAsync", context);
  const auto pool = fake_cuda::find(driver().pools, handle);
  const auto used_stream = call.stream(stream);
  if (pool == nullptr || pool->device != call.context->device || used_stream == nullptr || size == 0) {
    return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  }
  if (call.context->error != CUDA_SUCCESS) return call.context->error;
  if (!reserve(*pool, size)) {
    // What was freed earlier in this stream's order can be used again.
    Driver::finish(*used_stream);
    if (call.context->error != CUDA_SUCCESS) return call.context->error;
    if (!reserve(*pool, size)) return CUDA_ERROR_OUT_OF_MEMORY;
  }
  void* const memory = garbage(256, size);
  if (memory == nullptr) {
    pool->unseen.insert(size);
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
  *address = reinterpret_cast<CUdeviceptr>(memory);
  driver().memory[*address] = {size, pool};
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

// In no stream: waits for none, as the programs' streams do not block the one that the driver uses for these.
CUresult CUDAAPI cuMemcpyHtoD(CUdeviceptr to, const void* from, std::size_t size) {
  FAKE_CUDA_CALL("MemcpyHtoD_v2", context);
  if (!fake_cuda::is_device_memory(to, size)) return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  return copy(to, reinterpret_cast<CUdeviceptr>(from), size);
}

CUresult CUDAAPI cuMemcpyDtoH(void* to, CUdeviceptr from, std::size_t size) {
  FAKE_CUDA_CALL("MemcpyDtoH_v2", context);
  if (!fake_cuda::is_device_memory(from, size)) return driver().misuse(CUDA_ERROR_INVALID_VALUE);
  return copy(reinterpret_cast<CUdeviceptr>(to), from, size);
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
