# Fails if what CPack is about to pack asks for more than the C library 2.34 and the C++ library of GCC 11 give: what the bundle and
# the wheels promise to run on.
file(GLOB_RECURSE files ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*)
list(FILTER files EXCLUDE REGEX /libbenchmark\\.so)  # Debian's own asks for GCC 12's
set(most_GLIBC 2.34)
set(most_GLIBCXX 3.4.29)
foreach(file IN LISTS files)
  execute_process(COMMAND objdump -T ${file} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "GLIBC(XX)?_[0-9.]+\\)? +[A-Za-z0-9_]+" needed "${symbols}")
  foreach(symbol IN LISTS needed)
    string(REGEX MATCH "(GLIBC|GLIBCXX)_([0-9.]+)" version ${symbol})
    if(CMAKE_MATCH_2 VERSION_GREATER most_${CMAKE_MATCH_1})
      message(SEND_ERROR "${file} needs ${symbol}")
    endif()
  endforeach()
endforeach()
if(NOT files)
  message(FATAL_ERROR "no files")
endif()
