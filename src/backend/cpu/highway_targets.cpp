// What Highway's dispatch asks for, in place of its library, which measures the
// clock for 3 ms while a program starts. So Highway is used for its headers alone.
#include <hwy/targets.h>

#if HWY_ARCH_X86
#include <cpuid.h>
#endif

namespace hwy {
namespace {

#if HWY_ARCH_X86
// The compiler's __builtin_cpu_supports would ask at every start of the program.
struct CpuId {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  explicit CpuId(unsigned leaf) { __get_cpuid_count(leaf, 0, &eax, &ebx, &ecx, &edx); }
};

// The registers that the operating system saves.
unsigned saved_registers() {
  unsigned low = 0;
  unsigned high = 0;
  asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

bool has(unsigned value, unsigned bits) { return (value & bits) == bits; }

// What each target is compiled for: HWY_TARGET_STR_… in ops/set_macros-inl.h.
int64_t x86_targets() {
  const CpuId basic(1);
  const CpuId extended(7);
  int64_t targets = 0;
  if (!has(basic.ecx, bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_PCLMUL | bit_AES)) return targets;
  targets |= HWY_SSE4;
  constexpr unsigned kAvxState = 0x6;
  constexpr unsigned kAvx512State = 0xe6;
  if (!has(basic.ecx, bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C) || !has(saved_registers(), kAvxState) ||
      !has(extended.ebx, bit_AVX2 | bit_BMI | bit_BMI2)) {
    return targets;
  }
  targets |= HWY_AVX2;
  if (has(extended.ebx, bit_AVX512F | bit_AVX512VL | bit_AVX512DQ | bit_AVX512BW | bit_AVX512CD) &&
      has(saved_registers(), kAvx512State)) {
    targets |= HWY_AVX3;
  }
  return targets;
}
#else
int64_t x86_targets() { return 0; }
#endif

}  // namespace

ChosenTarget& GetChosenTarget() {
  static ChosenTarget chosen;
  return chosen;
}

int64_t SupportedTargets() { return HWY_STATIC_TARGET | x86_targets(); }

}  // namespace hwy
