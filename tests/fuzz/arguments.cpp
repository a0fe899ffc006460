#include "fuzz/arguments.hpp"

#include <bit>
#include <limits>

#include "fuzz/guest.hpp"

namespace gpu_host::fuzz {
namespace {

constexpr std::array<std::uint64_t, 20> kInteresting{0,
                                                     1,
                                                     2,
                                                     3,
                                                     4,
                                                     5,
                                                     63,
                                                     64,
                                                     65,
                                                     255,
                                                     0x1000,
                                                     0xffff,
                                                     0x10000,
                                                     0x7fff'ffff,
                                                     0x8000'0000,
                                                     0xffff'fffc,
                                                     0xffff'ffff,
                                                     0x1'0000'0000,
                                                     0x8000'0000'0000'0000,
                                                     0xffff'ffff'ffff'ffff};

constexpr std::array<float, 8> kNumbers{0,
                                        1,
                                        -1,
                                        0.5F,
                                        1e30F,
                                        std::numeric_limits<float>::quiet_NaN(),
                                        std::numeric_limits<float>::infinity(),
                                        std::numeric_limits<float>::denorm_min()};

std::uint64_t any_live(const Model& model, std::uint8_t choice) {
  return model.live().empty() ? 1 : model.live()[choice % model.live().size()].id;
}

std::uint64_t sensible(Role role, std::uint8_t choice, const Model& model) {
  switch (role) {
    case Role::input:
    case Role::output:
      return any_live(model, choice);
    case Role::option:
    case Role::flag:
      return choice % 2;
    case Role::offset:
      return choice % 3 == 0 ? choice % 64 : 0;
    case Role::length:
      return choice % 80;
    case Role::size:
      return choice % 4 == 0 ? choice + 1 : (choice + 1) * 4;
    case Role::usage:
      return choice % 64;
    case Role::pointer:
      return kData + choice % 64;
    case Role::count:
      return choice % 12;
    case Role::seed:
      return choice;
    case Role::op:
      return choice % 8;
    case Role::number:
      return std::bit_cast<std::uint32_t>(kNumbers[choice % kNumbers.size()]);
    case Role::result:
      break;
  }
  return kResult;
}

std::uint64_t draw(ByteReader& bytes, Role role, const Model& model, std::uint32_t memory_pages) {
  const std::uint8_t selector = bytes.u8();
  // A bad result pointer ends the instance, so these are rarer.
  if (selector < (role == Role::result ? 250 : 208)) return sensible(role, selector, model);
  const std::uint8_t choice = bytes.u8();
  if (selector < 220 || selector == 250) return kInteresting[choice % kInteresting.size()];
  if (selector < 228) return any_live(model, choice);
  // Around the end of a buffer.
  if (selector < 236) {
    const ModelBuffer none;
    const ModelBuffer& buffer = model.live().empty() ? none : model.live()[choice % model.live().size()];
    return buffer.size + choice / 16 - 8;
  }
  // Around the end of memory.
  if (selector < 246 || selector == 251 || selector == 252) {
    return std::uint64_t{memory_pages} * kPage - (choice % 2 == 0 ? choice / 2 : choice / 2 * 4);
  }
  if (selector == 253) return kResult + choice;
  return bytes.u64();
}

}  // namespace

Values draw_arguments(ByteReader& bytes, const Function& function, const Model& model, std::uint32_t memory_pages) {
  Values values{};
  for (std::size_t i = 0; i < function.roles.size(); ++i) {
    values[i] = draw(bytes, static_cast<Role>(function.roles[i]), model, memory_pages);
  }
  return values;
}

}  // namespace gpu_host::fuzz
