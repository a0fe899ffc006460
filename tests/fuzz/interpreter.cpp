#include "fuzz/interpreter.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "fuzz/check.hpp"

namespace gpu_host::fuzz {
namespace {

constexpr std::size_t kPeek = 64;

Value i32(std::uint64_t value) { return static_cast<std::int32_t>(value); }
Value i64(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint32_t u32(const Value& value) { return static_cast<std::uint32_t>(std::get<std::int32_t>(value)); }

// Of a kernel, in comparisons and steps from node to node: more takes a device that is software too long.
constexpr std::uint64_t kMostWork = 1 << 20;

bool takes_too_long(FunctionIndex index, const Values& values, const Model& model) {
  const auto word = [&](std::size_t parameter) { return values[parameter] & 0xffff'ffff; };
  const auto size = [&](std::size_t parameter) {
    const ModelBuffer* const buffer = model.find(word(parameter));
    return buffer == nullptr ? 0 : buffer->size;
  };
  // A count; 0 where the buffer is too small for it: then the call is refused.
  const auto count = [&](std::size_t parameter, std::size_t buffer) {
    return word(parameter) <= size(buffer) / 4 ? word(parameter) : 0;
  };
  if (index == kernel_find_split) return count(0, 6) * count(3, 8) > kMostWork;
  if (index != kernel_batch_predict) return false;
  return count(0, 7) * count(2, 6) * (std::min(word(3), size(5) / 16) + 1) > kMostWork;
}

bool same(std::span<const std::byte> a, std::span<const std::byte> b) { return std::ranges::equal(a, b); }

}  // namespace

void Interpreter::run(ByteReader bytes) {
  for (int i = 0; i < kMaxSteps && !bytes.empty() && !ended_; ++i) step(bytes);
  finish();
}

void Interpreter::step(ByteReader& bytes) {
  kernel_call_.reset();
  const std::uint8_t choice = bytes.u8();
  if (choice >= 176) return embedder_step(bytes);
  const auto index = static_cast<FunctionIndex>(choice % kFunctions.size());
  const Values values = draw_arguments(bytes, kFunctions[index], model_, pages_);
  if (!takes_too_long(index, values, model_)) call(index, values);
}

void Interpreter::embedder_step(ByteReader& bytes) {
  const std::uint8_t choice = bytes.u8();
  switch (choice % 10) {
    case 0:
    case 1:
    case 2:
    case 3:
      return fill(bytes);
    case 4:
    case 5:
      return share(bytes, choice % 10 == 5);
    case 6: {
      if (model_.live().empty()) return;
      const ModelBuffer& buffer = model_.live()[bytes.u8() % model_.live().size()];
      const std::uint64_t offset = bytes.u8() % buffer.size;
      return read_by_embedder(buffer.id, offset, bytes.u8());
    }
    case 7: {
      allocator_ = static_cast<Allocator>(bytes.u8() % kAllocators);
      guest("use_allocator", std::array{i32(static_cast<std::uint32_t>(allocator_))});
      return;
    }
    case 8: {
      const std::uint32_t more = bytes.u8() < 240 ? 1 : bytes.u32();
      const auto before = guest("grow", std::array{i32(more)});
      if (!before) return;
      const bool grown = u32((*before)[0]) == pages_;
      check(grown == (more <= kMaxPages - pages_), "memory.grow by {} of {} pages gave {}", more, pages_,
            u32((*before)[0]));
      if (grown) pages_ += more;
      return;
    }
    default:
      return misuse(bytes.u8());
  }
}

std::optional<std::vector<Value>> Interpreter::guest(std::string_view function, std::span<const Value> arguments,
                                                     bool may_trap) {
  auto returned = instance_->call(function, arguments);
  if (returned) {
    check(!interrupted_, "{} ran after an interrupt", function);
    return *std::move(returned);
  }
  ended_ = true;
  const Error& error = returned.error();
  switch (error.kind) {
    case ErrorKind::limit:
      interrupted_ = true;
      break;
    case ErrorKind::exit:
      check(allocator_ == Allocator::exits && error.exit_code == 3, "it exited: {}", error.message);
      break;
    case ErrorKind::trap:
      check(may_trap, "it trapped: {}", error.message);
      break;
    default:
      fail(error.message);
  }
  const auto again = instance_->call("grow", std::array{i32(0)});
  check(!again && again.error().kind == ErrorKind::invalid_argument, "an instance was resumed after: {}",
        error.message);
  return std::nullopt;
}

// `size` bytes of guest memory, all inside it. Nothing where the instance has ended.
std::vector<std::byte> Interpreter::peek(std::uint32_t address, std::uint32_t size) {
  std::vector<std::byte> bytes;
  while (bytes.size() < size) {
    const std::uint64_t from = std::min<std::uint64_t>(address + bytes.size(), memory_size() - kPeek);
    const auto words = guest("peek", std::array{i32(from)});
    if (!words) return {};
    std::array<std::byte, kPeek> block;
    for (std::size_t i = 0; i < words->size(); ++i) std::memcpy(&block[i * 8], &std::get<std::int64_t>((*words)[i]), 8);
    const std::size_t skip = address + bytes.size() - from;
    const std::size_t count = std::min(kPeek - skip, size - bytes.size());
    bytes.insert(bytes.end(), &block[skip], &block[skip] + count);
  }
  return bytes;
}

void Interpreter::fill(ByteReader& bytes) {
  const std::uint32_t address = kData + bytes.u8() / 4 * 4;
  const std::uint32_t kind = bytes.u8() % 4;
  const std::uint32_t seed = kind == 3 ? bytes.u32() : bytes.u8();
  const std::uint32_t words = bytes.u8();
  guest("fill", std::array{i32(address), i32(kind), i32(seed), i32(words)});
}

void Interpreter::share(ByteReader& bytes, bool read_only) {
  const std::size_t size = (bytes.u8() + std::size_t{1}) * (bytes.u8() % 2 == 0 ? 4 : 1);
  const auto array = std::make_shared<SharedArray>(size, bytes.u8(), read_only);
  const auto id =
      read_only ? instance_->share_read_only(array->bytes(), array) : instance_->share(array->bytes(), array);
  if (!goes_on(id.has_value() == model_.admits(0), "sharing: {}", id ? "admitted" : id.error().message) || !id) return;
  check(*id == model_.next_id(), "a shared array has the id {} and not {}", *id, model_.next_id());
  model_.share(array->bytes(), read_only);
  shared_.emplace_back(*id, array);
}

void Interpreter::read_by_embedder(std::uint32_t id, std::uint64_t offset, std::uint64_t size) {
  const ModelBuffer* const buffer = model_.find(id);
  std::vector<std::byte> bytes(size);
  const auto read = instance_->read_buffer(id, offset, bytes);
  const bool valid = buffer != nullptr && buffer->has(offset, size);
  const bool as_expected = goes_on(read.has_value() == valid, "read_buffer({}, {}, {}): {}", id, offset, size,
                                   read ? "succeeded" : read.error().message);
  if (!as_expected || !valid || !buffer->contents) return;
  check(same(bytes, std::span(*buffer->contents).subspan(offset, size)), "buffer {} holds something else", id);
}

// What no embedder should do.
void Interpreter::misuse(std::uint8_t choice) {
  static constexpr auto kIsRefused = [](const auto& result) {
    return !result && result.error().kind == ErrorKind::invalid_argument;
  };
  SharedArray array(8, choice, false);
  switch (choice % 8) {
    case 0:
      goes_on(kIsRefused(instance_->share({})) || !model_.admits(0), "an empty array was shared");
      break;
    case 1:
      goes_on(kIsRefused(instance_->share(array.bytes().subspan(1))) || !model_.admits(0),
              "a misaligned one was shared");
      break;
    case 2:
      read_by_embedder(model_.next_id(), 0, 1);
      break;
    case 3:
      if (!model_.live().empty()) read_by_embedder(model_.live().back().id, UINT64_MAX, choice);
      break;
    case 4:
      check(kIsRefused(instance_->call("peek")), "a call without its argument");
      break;
    case 5:
      check(kIsRefused(instance_->call("grow", std::array{i64(1)})), "a call with a wrong argument");
      break;
    case 6:
      check(instance_->call("none").error().kind == ErrorKind::not_found, "a call of nothing");
      break;
    default:
      if (choice != 7) return;
      instance_->interrupt();
      guest("grow", std::array{i32(0)});
      check(ended_, "an interrupted instance goes on");
  }
}

void Interpreter::learn(ModelBuffer& buffer) {
  buffer.contents.reset();
  if (buffer.size > 4096) return;
  std::vector<std::byte> bytes(buffer.size);
  const auto read = instance_->read_buffer(buffer.id, 0, bytes);
  if (goes_on(read.has_value(), "read_buffer of a live buffer: {}", read ? "" : read.error().message)) {
    buffer.contents = std::move(bytes);
  }
}

void Interpreter::finish() {
  for (const auto& [id, array] : shared_) {
    const ModelBuffer* const buffer = model_.find(id);
    // Of a device that was interrupted nothing comes back.
    if (buffer == nullptr || !buffer->contents || interrupted_) continue;
    check(same(array->bytes(), *buffer->contents), "shared array {} is not its buffer", id);
  }
  for (const ModelBuffer& buffer : model_.live()) {
    if (!ended_) read_by_embedder(buffer.id, 0, buffer.size);
  }
  instance_.reset();
  for (const auto& [id, array] : shared_) {
    array->check_untouched();
    check(array.use_count() == 1, "shared array {} is kept after its instance", id);
  }
}

}  // namespace gpu_host::fuzz
