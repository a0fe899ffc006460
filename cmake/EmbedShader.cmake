# cmake -D NAGA=… -D FILES=… -D TEXT=… -D LITERAL=… -P EmbedShader.cmake: writes the
# FILES, one behind the other, to TEXT, and where naga, if one is named, finds that valid,
# to LITERAL as a string literal of C++ and a mask of the bindings that it writes.
set(text "")
foreach(file IN LISTS FILES)
  file(READ ${file} part)
  cmake_path(GET file FILENAME name)
  string(APPEND text "// ${name}\n${part}\n")
endforeach()
file(WRITE ${TEXT} "${text}")

# What gpu.cpp asks a device for, and no more.
if(NAGA)
  execute_process(COMMAND ${NAGA} --capabilities IMMEDIATES,SUBGROUP ${TEXT} OUTPUT_QUIET RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${TEXT} is not valid")
  endif()
endif()

# 65536 characters are what compilers must take in one literal.
string(LENGTH "${text}" length)
string(FIND "${text}" ")wgsl\"" delimiter)
if(length GREATER 65000 OR NOT delimiter EQUAL -1)
  message(FATAL_ERROR "${TEXT} is longer than 65000 characters, or has )wgsl\" in it: that is no literal")
endif()
set(written 0)
string(REGEX MATCHALL "@binding\\([0-9]+\\) var<storage, read_write>" bindings "${text}")
foreach(binding IN LISTS bindings)
  string(REGEX MATCH "[0-9]+" slot "${binding}")
  math(EXPR written "${written} | (1 << ${slot})")
endforeach()
file(WRITE ${LITERAL} "R\"wgsl(${text})wgsl\",\n${written}\n")
