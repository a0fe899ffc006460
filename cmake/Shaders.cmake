# WGSL files as constants of the program: `wgh_shader` for each shader, then
# `wgh_embed_shaders` once, all from one folder's CMakeLists.txt.

# A build with the tests validates them; they are the same in every build.
if(WGH_TESTS)
  execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/../scripts/setup --naga-bin
    OUTPUT_VARIABLE naga_bin OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  find_program(NAGA naga HINTS ${naga_bin} NO_CACHE)
  if(NOT NAGA)
    message(FATAL_ERROR "no naga in ${naga_bin}: run scripts/setup --tests, or configure with -DWGH_WEBGPU=OFF")
  endif()
else()
  set(NAGA "")
endif()
set(WGH_EMBED_SHADER ${CMAKE_CURRENT_LIST_DIR}/EmbedShader.cmake)

# wgh_shader(NAME [PRELUDES…] [FILE STEM]): the shader NAME is the text of the
# preludes in this order, then NAME.wgsl, or STEM.wgsl for a variant of it.
function(wgh_shader name)
  cmake_parse_arguments(PARSE_ARGV 1 shader "" "FILE" "")
  if(NOT shader_FILE)
    set(shader_FILE ${name})
  endif()
  list(TRANSFORM shader_UNPARSED_ARGUMENTS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE files)
  list(APPEND files ${CMAKE_CURRENT_SOURCE_DIR}/${shader_FILE})
  list(TRANSFORM files APPEND .wgsl)
  set(literal ${CMAKE_CURRENT_BINARY_DIR}/${name}.inc)
  add_custom_command(OUTPUT ${literal}
    COMMAND ${CMAKE_COMMAND} -D NAGA=${NAGA} "-DFILES=${files}" -D TEXT=${CMAKE_CURRENT_BINARY_DIR}/${name}.wgsl
      -D LITERAL=${literal} -P ${WGH_EMBED_SHADER}
    DEPENDS ${files} ${WGH_EMBED_SHADER} ${NAGA} COMMENT "Embedding shader ${name}" VERBATIM)
  set(shaders ${shaders} ${name} PARENT_SCOPE)
endfunction()

# wgh_embed_shaders(TARGET): an object library with them all, and the header
# backend/webgpu/shaders.hpp in ${PROJECT_BINARY_DIR}/generated.
function(wgh_embed_shaders target)
  set(declarations "")
  set(definitions "")
  set(literals "")
  foreach(name IN LISTS shaders)
    string(APPEND declarations "extern const Shader ${name};\n")
    string(APPEND definitions "constinit const Shader ${name}{\"${name}\",\n#include \"${name}.inc\"\n};\n")
    list(APPEND literals ${CMAKE_CURRENT_BINARY_DIR}/${name}.inc)
  endforeach()
  set(generated ${PROJECT_BINARY_DIR}/generated)
  file(CONFIGURE OUTPUT ${generated}/backend/webgpu/shaders.hpp @ONLY CONTENT
"// Generated: the shaders, preludes included.
#pragma once

#include \"backend/webgpu/kernel.hpp\"

namespace gpu_host::webgpu::shaders {

@declarations@
}  // namespace gpu_host::webgpu::shaders
")
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/shaders.cpp @ONLY CONTENT
"// Generated.
#include \"backend/webgpu/shaders.hpp\"

namespace gpu_host::webgpu::shaders {

@definitions@
}  // namespace gpu_host::webgpu::shaders
")
  add_library(${target} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/shaders.cpp ${literals})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src ${generated} ${CMAKE_CURRENT_BINARY_DIR})
  target_link_libraries(${target} PRIVATE wgh_options)
endfunction()
