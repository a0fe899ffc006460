# Fails, and removes FILE so that the next build fails too, where it has more
# than MAX_BYTES.
file(SIZE ${FILE} bytes)
if(bytes GREATER MAX_BYTES)
  file(REMOVE ${FILE})
  message(FATAL_ERROR "${FILE}: ${bytes} bytes, more than the ${MAX_BYTES} that the module may have")
endif()
