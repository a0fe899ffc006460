// Guests with an allocator of their own.
#pragma once

#include <string>

#include "hostile/guest_module.hpp"

namespace gpu_host::hostile {

// A cabi_realloc with this body.
inline std::string realloc_of(const std::string& body) {
  return "(func $realloc (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) " + body + ")";
}

inline GuestModule with_realloc(const std::string& field) {
  GuestModule guest;
  guest.realloc(field);
  return guest;
}

}  // namespace gpu_host::hostile
