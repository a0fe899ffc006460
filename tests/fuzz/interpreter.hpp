// Runs a sequence of steps that an input of the fuzzer chooses, by a guest and by
// the embedder, and holds what comes back against the contract.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/gpu_error.hpp"
#include "fuzz/arguments.hpp"
#include "fuzz/byte_reader.hpp"
#include "fuzz/check.hpp"
#include "fuzz/functions.hpp"
#include "fuzz/guest.hpp"
#include "fuzz/model.hpp"
#include "fuzz/shared_array.hpp"
#include "gpu_host/instance.hpp"

namespace gpu_host::fuzz {

inline constexpr int kMaxSteps = 64;

class Interpreter {
 public:
  // `instance` is of the module guest_text() and has these quotas.
  Interpreter(Instance instance, GpuAbi abi, Quotas quotas)
      : instance_(std::move(instance)), abi_(abi), model_(quotas) {}

  void run(ByteReader bytes);

  // run() in parts, for one beside another.
  void step(ByteReader& bytes);
  void finish();
  // A kernel that was called, and how it ended: looked at after a read.
  struct KernelCall {
    FunctionIndex index;
    Values values;
    std::optional<GpuErrorCode> error;
  };
  // The last step's.
  [[nodiscard]] const std::optional<KernelCall>& kernel_call() const { return kernel_call_; }
  [[nodiscard]] const Model& model() const { return model_; }
  [[nodiscard]] std::uint32_t pages() const { return pages_; }
  [[nodiscard]] bool ended() const { return ended_; }
  // The guest's allocator begins anew, wherever strings of other lengths have left it.
  void reset_heap() { guest("reset_heap", {}); }

 private:
  // The words at the result pointer.
  struct Outcome {
    std::uint32_t address;
    bool ok;
    std::uint32_t code;  // of the error; where ok, the first word of the payload
    std::uint32_t pointer;
    std::uint32_t length;
  };

  void embedder_step(ByteReader& bytes);
  void call(FunctionIndex index, const Values& values);
  // Makes the call: the words at the result pointer and the memory's size in pages. Empty:
  // the instance has ended.
  std::optional<std::vector<Value>> words_of(FunctionIndex index, const Values& values, bool may_trap);
  std::optional<Outcome> settled(FunctionIndex index, const Values& values, const Outcome& outcome);

  // Calls an export. Empty: the instance has ended.
  std::optional<std::vector<Value>> guest(std::string_view function, std::span<const Value> arguments,
                                          bool may_trap = false);
  std::vector<std::byte> peek(std::uint32_t address, std::uint32_t size);
  void fill(ByteReader& bytes);
  void share(ByteReader& bytes, bool read_only);
  void read_by_embedder(std::uint32_t id, std::uint64_t offset, std::uint64_t size);
  void misuse(std::uint8_t choice);
  // Whether what the embedder did came out as it must. Where not, no GPU time was left for it: that ends the instance.
  template <class... Args>
  bool goes_on(bool holds, fmt::format_string<Args...> what, Args&&... args) {
    if (holds) return true;
    if (!ended_) (void)guest("reset_heap", {});
    check(interrupted_, what, std::forward<Args>(args)...);
    return false;
  }

  [[nodiscard]] bool must_trap(FunctionIndex index, const Values& values) const;
  [[nodiscard]] std::uint64_t memory_size() const { return std::uint64_t{pages_} * kPage; }

  // What each call must have returned, and what it did to the buffers.
  void check_outcome(const Function& function, const Outcome& outcome);
  void check_text(const Function& function, const Outcome& outcome, std::uint32_t pointer, std::uint32_t length);
  static bool overlaps(const Outcome& outcome, std::uint32_t pointer, std::uint32_t length);
  void expect(const Function& function, const Outcome& outcome, std::optional<GpuErrorCode> code);
  void after_create(const Values& values, const Outcome& outcome);
  void after_write(const Values& values, const Outcome& outcome, const std::optional<std::vector<std::byte>>& data);
  void after_read(const Values& values, const Outcome& outcome);
  void after_copy(const Values& values, const Outcome& outcome);
  void after_destroy(const Values& values, const Outcome& outcome);
  void after_kernel(FunctionIndex index, const Values& values, const Outcome& outcome);
  void forget_outputs(const Function& function, const Values& values);
  void learn(ModelBuffer& buffer);

  std::optional<Instance> instance_;
  GpuAbi abi_;
  Model model_;
  std::optional<KernelCall> kernel_call_;
  std::vector<std::pair<std::uint32_t, std::shared_ptr<SharedArray>>> shared_;  // by id
  Allocator allocator_ = Allocator::good;
  std::uint32_t pages_ = kInitialPages;
  bool interrupted_ = false;
  bool ended_ = false;
};

}  // namespace gpu_host::fuzz
