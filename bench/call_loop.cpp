#include "call_loop.hpp"

namespace gpu_host::bench {
namespace {

std::shared_ptr<GuestLoop> loop_on_cpu(const Call& call, std::uint32_t block_bytes) {
  return std::make_shared<GuestLoop>(DeviceChoice{.backend = "cpu"}, std::span(&call, 1), block_bytes);
}

}  // namespace

Operation call_loop(const Call& call, const std::vector<SharedArray>& buffers) {
  auto loop = loop_on_cpu(call, 0);
  for (const SharedArray& array : buffers) loop->share(array.bytes, array.owner);
  return operation_of(std::move(loop));
}

Operation call_loop_with_block(const Call& call, std::uint32_t bytes) {
  auto loop = loop_on_cpu(call, bytes);
  loop->create(std::uint64_t{bytes});
  return operation_of(std::move(loop));
}

}  // namespace gpu_host::bench
