// A guest in the text format, put together from calls, checks and raw pieces of
// text. It exits with 0 when all its checks hold, else with the number of the
// first that does not.
//
// Its memory: results at kResult, data of the test from kData on, and the heap of
// the default cabi_realloc from kHeap on.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "backend/gpu_error.hpp"

namespace gpu_host::hostile {

inline constexpr std::uint32_t kPage = 65536;  // the default memory is one page
inline constexpr std::uint32_t kResult = 0x400;
inline constexpr std::uint32_t kData = 0x1000;
inline constexpr std::uint32_t kHeap = 0x8000;

inline constexpr std::uint32_t kMax32 = 0xffff'ffff;
inline constexpr std::uint64_t kMax64 = 0xffff'ffff'ffff'ffff;

// As batch-predict reads it.
struct Node {
  std::int32_t feature;
  float value;
  std::uint32_t left, right;
};

// cabi_realloc as it should be: a bump allocator that never frees.
extern const char* const kBumpRealloc;

// A core argument: its type comes from the function's signature.
struct Argument {
  template <std::integral T>
  Argument(T integer) : value(static_cast<std::uint64_t>(integer)) {}
  template <std::floating_point T>
  Argument(T number) : value(static_cast<float>(number)) {}
  std::variant<std::uint64_t, float> value;
};
using Arguments = std::vector<Argument>;

// A function of the contract as a core module imports it.
struct Import {
  std::string_view interface;
  std::string_view name;
  std::string_view parameters;  // core types, separated by blanks; the last is the result pointer, if there is one
};
[[nodiscard]] std::span<const Import> contract_imports();
[[nodiscard]] const Import& contract_import(std::string_view name);

class GuestModule {
 public:
  // Replace a piece: a memory field, a cabi_realloc ("" for none).
  GuestModule& memory(std::string field);
  GuestModule& realloc(std::string field);
  // Adds module fields, or imports, which come first.
  GuestModule& field(const std::string& text);
  GuestModule& import(const std::string& text);
  // Adds instructions to _start.
  GuestModule& code(const std::string& instructions);

  // Calls a function of the contract, with kResult (or another address) as its
  // result pointer.
  GuestModule& call(std::string_view name, const Arguments& arguments = {});
  GuestModule& call_at(std::uint32_t result, std::string_view name, const Arguments& arguments = {});

  // A device that runs behind may have an error of the last call, which said ok, still
  // to report: its result comes to kResult, as that of a read of buffer 1.
  GuestModule& settle();

  // Checks the result at kResult. `text` must occur in the error's message.
  GuestModule& expect_ok();
  GuestModule& expect_error(GpuErrorCode code, std::string_view text = {});
  GuestModule& expect_invalid_params(std::string_view text) { return expect_error(GpuErrorCode::invalid_params, text); }
  // Checks memory, or a condition: instructions that leave one i32.
  GuestModule& expect_bytes_at(std::uint32_t address, std::span<const std::uint8_t> bytes);
  GuestModule& expect_word(std::uint32_t address, std::uint32_t value);
  GuestModule& expect(const std::string& condition, const std::string& what);

  // Creates a buffer, and checks that its id is the next one.
  std::uint32_t buffer(std::uint64_t size);
  // Creates a buffer that holds `values`.
  template <class T>
  std::uint32_t buffer_of(std::initializer_list<T> values) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(values.begin()), values.size() * sizeof(T));
    const std::uint32_t id = buffer(bytes.size());
    write(id, 0, bytes);
    return id;
  }
  GuestModule& write(std::uint32_t id, std::uint64_t offset, std::span<const std::uint8_t> bytes);
  // Reads and compares.
  GuestModule& expect_contents(std::uint32_t id, std::uint64_t offset, std::span<const std::uint8_t> bytes);
  template <class T>
  GuestModule& expect_values(std::uint32_t id, std::initializer_list<T> values) {
    return expect_contents(id, 0, {reinterpret_cast<const std::uint8_t*>(values.begin()), values.size() * sizeof(T)});
  }

  // Puts bytes into the memory that the guest starts with; their address.
  std::uint32_t data(std::span<const std::uint8_t> bytes);
  std::uint32_t data(std::string_view text);

  [[nodiscard]] std::string text() const;
  // What the check of this exit code looked at.
  [[nodiscard]] std::string check_name(int exit_code) const;

 private:
  std::string memory_;
  std::string realloc_ = kBumpRealloc;
  std::string imports_;
  std::string fields_;
  std::string code_;
  std::string last_call_;
  std::vector<std::string> checks_;
  std::uint32_t next_data_ = kData;
  std::uint32_t next_id_ = 1;
};

}  // namespace gpu_host::hostile
