// CRC-32 as in PNG, gzip and zip (reflected polynomial 0xedb88320).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace wasm_ml {

[[nodiscard]] constexpr std::array<std::uint32_t, 256> make_crc32_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1U) ^ ((remainder & 1U) != 0 ? 0xedb88320U : 0U);
    }
    table[byte] = remainder;
  }
  return table;
}

[[nodiscard]] constexpr std::uint32_t crc32(std::string_view bytes) {
  constexpr auto kTable = make_crc32_table();
  std::uint32_t crc = 0xffffffffU;
  for (const char c : bytes) crc = (crc >> 8U) ^ kTable[(crc ^ static_cast<std::uint8_t>(c)) & 0xffU];
  return crc ^ 0xffffffffU;
}

}  // namespace wasm_ml
