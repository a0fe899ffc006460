#include "backend/cpu/forest/rank_loops.hpp"

#include <array>

// The part from here to the end of HWY_NAMESPACE is compiled once per instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/forest/rank_loops.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gpu_host::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<std::uint16_t>;
using V = hn::Vec<D>;
using Kind = RankChild::Kind;

// Some rows and where what they reach goes.
struct Block {
  const std::int16_t* ranks;
  std::size_t n_rows;
  std::uint16_t* places;

  [[nodiscard]] const std::int16_t* column(const RankTest& test) const { return ranks + test.column * n_rows; }
  [[nodiscard]] std::uint16_t* place(std::uint16_t number) const { return places + number * kRankRows; }
};

// What of two is on the side that each row goes to.
HWY_INLINE V chosen(D d, hn::Vec<hn::RebindToSigned<D>> bound, const std::int16_t* ranks, V left, V right) {
  const hn::RebindToSigned<D> signed_d;
  return hn::IfThenElse(hn::RebindMask(d, hn::Gt(bound, hn::LoadU(signed_d, ranks))), left, right);
}

template <Kind kLeft, Kind kRight>
void take_step(const RankStep& step, const Block& block) {
  const D d;
  const hn::RebindToSigned<D> signed_d;
  const auto bound = hn::Set(signed_d, step.test.bound);
  const auto left_bound = hn::Set(signed_d, step.left.test.bound);
  const auto right_bound = hn::Set(signed_d, step.right.test.bound);
  const V left_leaf = hn::Set(d, step.left.number);
  const V left_other = hn::Set(d, step.left.right);
  const V right_leaf = hn::Set(d, step.right.number);
  const V right_other = hn::Set(d, step.right.right);
  const std::int16_t* const ranks = block.column(step.test);
  const std::int16_t* const left_ranks = block.column(step.left.test);
  const std::int16_t* const right_ranks = block.column(step.right.test);
  const std::uint16_t* const left_place = block.place(step.left.number);
  const std::uint16_t* const right_place = block.place(step.right.number);
  std::uint16_t* const out = block.place(step.out);
  const std::size_t lanes = hn::Lanes(d);
  static_assert(kRankUnit % (2 * hn::MaxLanes(D())) == 0);
  for (std::size_t first = 0; first < block.n_rows; first += 2 * lanes) {
    for (std::size_t row = first; row < first + 2 * lanes; row += lanes) {
      V left = left_leaf;
      if constexpr (kLeft == Kind::leaves) left = chosen(d, left_bound, left_ranks + row, left_leaf, left_other);
      if constexpr (kLeft == Kind::place) left = hn::LoadU(d, left_place + row);
      V right = right_leaf;
      if constexpr (kRight == Kind::leaves) right = chosen(d, right_bound, right_ranks + row, right_leaf, right_other);
      if constexpr (kRight == Kind::place) right = hn::LoadU(d, right_place + row);
      hn::StoreU(chosen(d, bound, ranks + row, left, right), d, out + row);
    }
  }
}

void run(std::span<const RankStep> steps, const std::int16_t* ranks, std::size_t n_rows, std::uint16_t* places) {
  using Take = void (*)(const RankStep&, const Block&);
  static constexpr std::array<std::array<Take, 3>, 3> kTake = {
      {{take_step<Kind::leaf, Kind::leaf>, take_step<Kind::leaf, Kind::leaves>, take_step<Kind::leaf, Kind::place>},
       {take_step<Kind::leaves, Kind::leaf>, take_step<Kind::leaves, Kind::leaves>,
        take_step<Kind::leaves, Kind::place>},
       {take_step<Kind::place, Kind::leaf>, take_step<Kind::place, Kind::leaves>,
        take_step<Kind::place, Kind::place>}}};
  const Block block{.ranks = ranks, .n_rows = n_rows, .places = places};
  for (const RankStep& step : steps) {
    kTake[static_cast<std::size_t>(step.left.kind)][static_cast<std::size_t>(step.right.kind)](step, block);
  }
}

const RankLoops& loops() {
  static constexpr RankLoops kLoops{.lanes = hn::MaxLanes(D()), .run = run};
  return kLoops;
}

}  // namespace
}  // namespace gpu_host::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gpu_host::cpu {
namespace {

HWY_EXPORT(loops);

}  // namespace

const RankLoops& rank_loops() { return HWY_DYNAMIC_DISPATCH(loops)(); }

}  // namespace gpu_host::cpu
#endif  // HWY_ONCE
