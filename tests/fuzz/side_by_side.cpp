#include "fuzz/side_by_side.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "fuzz/agreement.hpp"
#include "fuzz/check.hpp"

namespace gpu_host::fuzz {
namespace {

bool is_buffer(char role) { return static_cast<Role>(role) == Role::input || static_cast<Role>(role) == Role::output; }

// Both hold the same bytes. What is too large to be known may not.
bool same_contents(const ModelBuffer& one, const ModelBuffer& other) {
  return one.contents && other.contents && *one.contents == *other.contents;
}

// The buffers that a kernel is given had the same contents on both.
bool same_buffers(const Interpreter::KernelCall& call, const Model& one, const Model& other) {
  const auto& roles = kFunctions[call.index].roles;
  for (std::size_t i = 0; i < roles.size(); ++i) {
    if (!is_buffer(roles[i])) continue;
    const ModelBuffer* const buffer = one.find(low(call.values[i]));
    if (buffer != nullptr && !same_contents(*buffer, *other.find(buffer->id))) return false;
  }
  return true;
}

// Whether the two can still be compared after a step.
bool agree(const Interpreter& one, const Model& one_before, const Interpreter& other, const Model& other_before) {
  check(one.kernel_call().has_value() == other.kernel_call().has_value() || one.ended() || other.ended(),
        "one step, two calls");
  // A kernel's late error may have found less room for its string.
  if (one.ended() != other.ended() || one.pages() != other.pages()) return false;
  if (!one.kernel_call() || !other.kernel_call()) return !one.ended();
  const auto& [index, values, error] = *one.kernel_call();
  const auto& other_error = other.kernel_call()->error;
  if (!same_buffers(*one.kernel_call(), one_before, other_before)) return error == other_error;
  const Function& function = kFunctions[index];
  if (error != other_error && has_subnormals(*one.kernel_call(), one_before)) return false;
  check(error == other_error, "{}: error case {} and {}", function.name, error ? static_cast<int>(*error) : -1,
        other_error ? static_cast<int>(*other_error) : -1);
  if (error) return true;
  const std::uint32_t output = low(values[function.roles.size() - 2]);
  const ModelBuffer& result = *one.model().find(output);
  const ModelBuffer& other_result = *other.model().find(output);
  if (!result.contents || !other_result.contents) return true;
  check_agreement(*one.kernel_call(), one_before, *result.contents, *other_result.contents);
  return true;
}

}  // namespace

void run_side_by_side(Interpreter& one, Interpreter& other, ByteReader bytes) {
  for (int i = 0; i < kMaxSteps && !bytes.empty(); ++i) {
    const Model one_before = one.model();
    const Model other_before = other.model();
    one.reset_heap();
    other.reset_heap();
    ByteReader same = bytes;
    one.step(bytes);
    other.step(same);
    if (!agree(one, one_before, other, other_before)) break;
  }
  one.finish();
  other.finish();
}

}  // namespace gpu_host::fuzz
