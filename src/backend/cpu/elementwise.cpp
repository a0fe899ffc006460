#include <cstring>

#include "backend/cpu/kernels.hpp"

// The part from here to the end of HWY_NAMESPACE is compiled once per instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/elementwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// After highway.h.
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace gpu_host::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Highway's functions are defined and exact enough on the ranges that are left after these corrections.

V exp(D d, V x) {
  // Beyond these the result is infinity or 0, as at them.
  const V inside = hn::Max(hn::Min(x, hn::Set(d, 104)), hn::Set(d, -104));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, inside));
}

V sigmoid(D d, V x) {
  const V one = hn::Set(d, 1);
  return hn::Div(one, hn::Add(one, exp(d, hn::Neg(x))));  // 1 / infinity is the limit 0
}

V tanh(D d, V x) { return hn::IfThenElse(hn::IsNaN(x), x, hn::Tanh(d, x)); }

V log(D d, V x) {
  const V infinity = hn::Inf(d);
  V y = hn::Log(d, x);
  y = hn::IfThenElse(hn::Lt(x, infinity), y, x);  // infinity and NaN stay
  y = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(infinity), y);
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::NaN(d), y);
}

// out[i] = op(a[i], b[i]). The output may be an input: nothing is read again after it was written.
template <class Op>
void for_each(const float* a, const float* b, float* out, std::size_t n, const Op& op) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(op(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, out + i);
  if (i == n) return;
  HWY_ALIGN float rest_a[hn::MaxLanes(d)] = {};
  HWY_ALIGN float rest_b[hn::MaxLanes(d)] = {};
  std::memcpy(rest_a, a + i, (n - i) * sizeof(float));
  std::memcpy(rest_b, b + i, (n - i) * sizeof(float));
  hn::Store(op(d, hn::Load(d, rest_a), hn::Load(d, rest_b)), d, rest_a);
  std::memcpy(out + i, rest_a, (n - i) * sizeof(float));
}

void elementwise_block(ElementwiseOp op, const float* a, const float* b, float* out, std::size_t n) {
  switch (op) {
    case ElementwiseOp::relu:  // NaN is not below 0 and stays
      return for_each(a, b, out, n, [](D d, V x, V) HWY_ATTR { return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x); });
    case ElementwiseOp::sigmoid:
      return for_each(a, b, out, n, [](D d, V x, V) HWY_ATTR { return sigmoid(d, x); });
    case ElementwiseOp::tanh:
      return for_each(a, b, out, n, [](D d, V x, V) HWY_ATTR { return tanh(d, x); });
    case ElementwiseOp::add:
      return for_each(a, b, out, n, [](D, V x, V y) HWY_ATTR { return hn::Add(x, y); });
    case ElementwiseOp::mul:
      return for_each(a, b, out, n, [](D, V x, V y) HWY_ATTR { return hn::Mul(x, y); });
    case ElementwiseOp::sqrt:
      return for_each(a, b, out, n, [](D, V x, V) HWY_ATTR { return hn::Sqrt(x); });
    case ElementwiseOp::exp:
      return for_each(a, b, out, n, [](D d, V x, V) HWY_ATTR { return exp(d, x); });
    case ElementwiseOp::log:
      return for_each(a, b, out, n, [](D d, V x, V) HWY_ATTR { return log(d, x); });
  }
}

}  // namespace
}  // namespace gpu_host::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gpu_host::cpu {
namespace {

HWY_EXPORT(elementwise_block);

constexpr std::size_t kBlock = 1 << 15;

}  // namespace

GpuResult<void> elementwise(Workers& workers, const ElementwiseParams& params, std::span<const float> input_a,
                            std::span<const float> input_b, std::span<float> output) {
  const float* const a = input_a.data();
  const float* const b = input_b.empty() ? a : input_b.data();  // unary operations ignore it
  const auto block = HWY_DYNAMIC_DISPATCH(elementwise_block);
  const bool done = workers.for_blocks(params.n_elements, kBlock, [&](std::size_t begin, std::size_t end) {
    block(params.op, a + begin, b + begin, output.data() + begin, end - begin);
  });
  if (!done) return interrupted();
  return {};
}

}  // namespace gpu_host::cpu
#endif  // HWY_ONCE
