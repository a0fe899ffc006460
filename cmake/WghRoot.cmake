# wgh_root(RESULT VARIABLE OPTION): the folder that VARIABLE (CMake or environment
# variable) names, else the one that scripts/setup has or would put it in.
function(wgh_root result variable option)
  set(root ${${variable}})
  if(NOT root)
    execute_process(COMMAND ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../scripts/setup ${option}
      OUTPUT_VARIABLE root OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  endif()
  set(${result} ${root} PARENT_SCOPE)
endfunction()
