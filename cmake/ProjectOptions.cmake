# How all of the project's own C++ is compiled: target wgh_options.
add_library(wgh_options INTERFACE)
target_compile_features(wgh_options INTERFACE cxx_std_23)
target_compile_options(wgh_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(wgh_options INTERFACE -fno-semantic-interposition)  # as if it were no shared library
  # GCC 12 sees overlapping copies in additions of strings where there are none.
  target_compile_options(wgh_options INTERFACE -Wno-restrict)
endif()

option(WGH_WERROR "Warnings are errors" OFF)
if(WGH_WERROR)
  target_compile_options(wgh_options INTERFACE -Werror)
endif()

# WGH_SANITIZE: a list for -fsanitize, "address,undefined" or "thread".
set(WGH_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize")
if(WGH_SANITIZE)
  target_compile_options(wgh_options INTERFACE -fsanitize=${WGH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(wgh_options INTERFACE -fsanitize=${WGH_SANITIZE})
endif()

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
