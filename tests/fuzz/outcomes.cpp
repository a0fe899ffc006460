// What each host call must have returned, and what it did to the buffers.
#include <algorithm>
#include <array>
#include <string_view>

#include "fuzz/check.hpp"
#include "fuzz/interpreter.hpp"

namespace gpu_host::fuzz {
namespace {

// More is neither peeked at nor compared: it costs a call for every 64 bytes.
constexpr std::uint32_t kCompared = 256;

using Code = GpuErrorCode;

std::uint32_t word(const Value& value) { return static_cast<std::uint32_t>(std::get<std::int32_t>(value)); }
bool has_string(std::uint32_t code) { return code == 2 || code == 4; }

bool is_utf8(std::span<const std::byte> text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = std::to_integer<unsigned>(text[i]);
    const std::size_t more = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (lead >= 0xf5 || (lead >= 0x80 && lead < 0xc2) || more >= text.size() - i) return false;
    for (std::size_t k = 0; k < more; ++k) {
      if ((text[++i] & std::byte{0xc0}) != std::byte{0x80}) return false;
    }
  }
  return true;
}

// Whether the parameter is a buffer that the call uses.
bool uses(FunctionIndex index, const Values& values, std::size_t parameter) {
  const auto role = static_cast<Role>(kFunctions[index].roles[parameter]);
  if (role != Role::input && role != Role::output) return false;
  if (index != kernel_elementwise || parameter != 4) return true;
  const std::uint32_t op = low(values[1]);
  return op == 3 || op == 4;  // add, mul
}

}  // namespace

// A guest may ask for its result on its own heap, where it then lies over a block.
bool Interpreter::overlaps(const Outcome& outcome, std::uint32_t pointer, std::uint32_t length) {
  const std::uint64_t end = std::uint64_t{outcome.address} + kFunctions[get_device_info].result_size;
  return outcome.address < std::uint64_t{pointer} + length && pointer < end;
}

bool Interpreter::must_trap(FunctionIndex index, const Values& values) const {
  const Function& function = kFunctions[index];
  if (function.roles.empty()) return false;
  const auto outside = [this](std::uint32_t address, std::uint64_t size) { return address + size > memory_size(); };
  const std::uint32_t result = low(values[function.roles.size() - 1]);
  const std::uint32_t size = abi_ == GpuAbi::legacy ? function.legacy_size : function.result_size;
  if (result % function.result_align != 0 || outside(result, size)) return true;
  return index == buffer_write && outside(low(values[2]), low(values[3]));
}

std::optional<std::vector<Value>> Interpreter::words_of(FunctionIndex index, const Values& values, bool may_trap) {
  const Function& function = kFunctions[index];
  std::array<Value, 12> arguments;
  arguments[0] = static_cast<std::int32_t>(index);
  arguments[1] = static_cast<std::int32_t>(function.roles.empty() ? 0 : values[function.roles.size() - 1]);
  for (std::size_t i = 0; i < 10; ++i) arguments[i + 2] = static_cast<std::int64_t>(values[i]);
  auto words = guest("call", arguments, may_trap);
  if (words) pages_ = word((*words)[4]);
  return words;
}

// What a kernel that was called came to: a device that runs behind may tell its error
// only after a wait, in the next result. Empty: that one's string has ended the instance.
std::optional<Interpreter::Outcome> Interpreter::settled(FunctionIndex index, const Values& values,
                                                         const Outcome& outcome) {
  if (!outcome.ok) return outcome;
  const std::size_t output = kFunctions[index].roles.size() - 2;
  if (!words_of(sync, {}, false)) return std::nullopt;
  const auto words = words_of(buffer_read, {values[output], 0, 0, kResult}, allocator_ != Allocator::good);
  if (!words) return std::nullopt;
  const Outcome late{kResult, word((*words)[0]) == 0, word((*words)[1]), word((*words)[2]), word((*words)[3])};
  check_outcome(kFunctions[index], late);
  if (late.ok) return outcome;
  expect(kFunctions[index], late, Code::kernel_error);
  return late;
}

void Interpreter::call(FunctionIndex index, const Values& values) {
  const Function& function = kFunctions[index];
  const bool bad = must_trap(index, values);
  std::optional<std::vector<std::byte>> data;
  if (index == buffer_write && !bad && low(values[3]) <= kCompared) {
    data = peek(low(values[2]), low(values[3]));
    if (ended_) return;
  }
  // Where there is no room for a string that is no error's, the call traps.
  const bool may_trap = bad || allocator_ != Allocator::good || index == get_device_info;
  const auto words = words_of(index, values, may_trap);
  if (!words) return forget_outputs(function, values);
  check(!bad, "{} with a pointer outside memory returned", function.name);

  const bool ok = word((*words)[0]) == 0;
  const std::uint64_t result = function.roles.empty() ? 0 : values[function.roles.size() - 1];
  const Outcome outcome{low(result), ok, word((*words)[1]), word((*words)[2]), word((*words)[3])};
  switch (index) {
    case sync:
      return;
    case get_device_info:
      if (outcome.address >= kPage - function.result_size) return;  // on the heap: its strings came over it
      check_text(function, outcome, word((*words)[0]), word((*words)[1]));
      if (!ended_) check_text(function, outcome, word((*words)[2]), word((*words)[3]));
      return;
    default:
      // On the heap a message may have come over it: then it was an error.
      check(word((*words)[0]) <= 1 || outcome.address >= kPage - function.result_size, "{}: discriminant {}",
            function.name, word((*words)[0]));
      check_outcome(function, outcome);
      if (ended_) return;
  }
  switch (index) {
    case buffer_create:
      return after_create(values, outcome);
    case buffer_write:
      return after_write(values, outcome, data);
    case buffer_read:
      return after_read(values, outcome);
    case buffer_copy:
      return after_copy(values, outcome);
    case buffer_destroy:
      return after_destroy(values, outcome);
    default:
      break;
  }
  const auto last = settled(index, values, outcome);
  if (!last) return forget_outputs(function, values);
  kernel_call_ = {index, values, last->ok ? std::nullopt : std::optional(static_cast<Code>(last->code))};
  after_kernel(index, values, *last);
}

void Interpreter::check_outcome(const Function& function, const Outcome& outcome) {
  if (outcome.ok) return;
  check(outcome.code <= 4, "{}: error case {}", function.name, outcome.code);
  if (!has_string(outcome.code) || abi_ == GpuAbi::legacy) return;
  check_text(function, outcome, outcome.pointer, outcome.length);
}

// A string that the host returned.
void Interpreter::check_text(const Function& function, const Outcome& outcome, std::uint32_t pointer,
                             std::uint32_t length) {
  if (overlaps(outcome, pointer, length)) return;
  check(length > 0 && std::uint64_t{pointer} + length <= memory_size(), "{}: a text of {} bytes at {:#x}",
        function.name, length, pointer);
  const auto text = peek(pointer, std::min(length, kCompared));
  check(ended_ || is_utf8(text), "{}: a text that is not UTF-8", function.name);
}

// Empty: it must have succeeded.
void Interpreter::expect(const Function& function, const Outcome& outcome, std::optional<Code> code) {
  if (outcome.ok) return check(!code, "{} succeeded", function.name);
  const auto got = static_cast<Code>(outcome.code);
  if (code == got) return;
  const bool no_string = code && has_string(static_cast<std::uint32_t>(*code)) && got == Code::out_of_memory &&
                         abi_ == GpuAbi::canonical && allocator_ == Allocator::returns_zero;
  check(no_string, "{}: error case {}, not {}", function.name, outcome.code, code ? static_cast<int>(*code) : -1);
}

void Interpreter::after_create(const Values& values, const Outcome& outcome) {
  const auto size = values[0];
  std::optional<Code> code;
  if (size == 0 || low(values[1]) > 0x3f) {
    code = Code::invalid_params;
  } else if (!model_.admits(size)) {
    code = Code::out_of_memory;
  }
  expect(kFunctions[buffer_create], outcome, code);
  if (!outcome.ok) return;
  check(outcome.code == model_.next_id(), "a new buffer has the id {} and not {}", outcome.code, model_.next_id());
  model_.create(size);
}

void Interpreter::after_write(const Values& values, const Outcome& outcome,
                              const std::optional<std::vector<std::byte>>& data) {
  ModelBuffer* const buffer = model_.find(low(values[0]));
  std::optional<Code> code;
  if (buffer == nullptr) {
    code = Code::invalid_buffer;
  } else if (!buffer->has(values[1], low(values[3])) || buffer->read_only) {
    code = Code::invalid_params;
  }
  expect(kFunctions[buffer_write], outcome, code);
  if (!outcome.ok) return;
  if (!data) return learn(*buffer);
  if (buffer->contents) std::ranges::copy(*data, buffer->contents->begin() + static_cast<std::ptrdiff_t>(values[1]));
}

void Interpreter::after_read(const Values& values, const Outcome& outcome) {
  const ModelBuffer* const buffer = model_.find(low(values[0]));
  const std::uint32_t size = low(values[2]);
  std::optional<Code> code;
  if (buffer == nullptr) {
    code = Code::invalid_buffer;
  } else if (!buffer->has(values[1], size)) {
    code = Code::invalid_params;
  } else if (!outcome.ok && (allocator_ == Allocator::returns_zero || size > kPage)) {
    code = Code::out_of_memory;
  }
  expect(kFunctions[buffer_read], outcome, code);
  if (!outcome.ok) return;
  // Of a result: the word after the discriminant is the pointer.
  const std::uint32_t pointer = outcome.code;
  check(outcome.pointer == size && std::uint64_t{pointer} + size <= memory_size(), "a list of {} bytes at {:#x}",
        outcome.pointer, pointer);
  if (size > kCompared || overlaps(outcome, pointer, size) || !buffer->contents) return;
  const auto bytes = peek(pointer, size);
  const auto expected = std::span(*buffer->contents).subspan(values[1], size);
  check(ended_ || std::ranges::equal(bytes, expected), "buffer-read of {} gave something else", buffer->id);
}

void Interpreter::after_copy(const Values& values, const Outcome& outcome) {
  const ModelBuffer* const source = model_.find(low(values[0]));
  ModelBuffer* const target = model_.find(low(values[2]));
  const std::uint64_t size = values[4];
  std::optional<Code> code;
  if (source == nullptr || target == nullptr) {
    code = Code::invalid_buffer;
  } else if (!source->has(values[1], size) || !target->has(values[3], size) || target->read_only) {
    code = Code::invalid_params;
  }
  expect(kFunctions[buffer_copy], outcome, code);
  if (!outcome.ok || size == 0) return;
  if (!source->contents || !target->contents) return learn(*target);
  const auto from = std::span(*source->contents).subspan(values[1], size);
  const std::vector moved(from.begin(), from.end());
  std::ranges::copy(moved, target->contents->begin() + static_cast<std::ptrdiff_t>(values[3]));
}

void Interpreter::after_destroy(const Values& values, const Outcome& outcome) {
  const std::uint32_t id = low(values[0]);
  const bool live = model_.find(id) != nullptr;
  expect(kFunctions[buffer_destroy], outcome, live ? std::nullopt : std::optional(Code::invalid_buffer));
  if (live) model_.destroy(id);
}

void Interpreter::after_kernel(FunctionIndex index, const Values& values, const Outcome& outcome) {
  const Function& function = kFunctions[index];
  const auto code = static_cast<Code>(outcome.code);
  // Out-of-memory may be a kernel-error whose string found no room.
  const bool may_have_run = outcome.ok || code == Code::kernel_error || code == Code::out_of_memory;
  bool all_live = true;
  bool all_writable = true;
  for (std::size_t i = 0; i < function.roles.size(); ++i) {
    if (!uses(index, values, i)) continue;
    ModelBuffer* const buffer = model_.find(low(values[i]));
    all_live &= buffer != nullptr;
    if (buffer == nullptr || static_cast<Role>(function.roles[i]) != Role::output) continue;
    all_writable &= !buffer->read_only;
    if (may_have_run) learn(*buffer);
  }
  if (outcome.ok) check(all_live && all_writable, "{} used a buffer that it must not", function.name);
  if (!outcome.ok && code == Code::invalid_buffer) {
    check(!all_live, "{}: invalid-buffer, and all are live", function.name);
  }
}

// A call that ended the instance may have been half done.
void Interpreter::forget_outputs(const Function& function, const Values& values) {
  for (std::size_t i = 0; i < function.roles.size(); ++i) {
    ModelBuffer* const buffer = model_.find(low(values[i]));
    if (static_cast<Role>(function.roles[i]) == Role::output && buffer != nullptr && !buffer->read_only) {
      buffer->contents.reset();
    }
  }
}

}  // namespace gpu_host::fuzz
