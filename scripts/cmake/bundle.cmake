# `cmake --build DIR --target bundle`: one DIR/helmholtz-VERSION-linux-ARCHITECTURE.tar.xz with the program, the CUDA plugin, the
# GPU's tests and benchmarks, and every library that they take but for the C and C++ runtime. It runs from wherever it is unpacked,
# on Linux with the C library 2.34 and the C++ library of GCC 11 or later (the benchmarks: of GCC 12): programs find their libraries
# by their own place.
set(bundled)
foreach(program helmholtz_program helmholtz_bench contract_test parity_test visits_test layered_device_test)
  if(TARGET ${program})
    list(APPEND bundled ${program})
    set_target_properties(${program} PROPERTIES INSTALL_RPATH $ORIGIN/${bin_to_lib})
    # As RPATH, not RUNPATH, it holds for libraries of libraries too.
    target_link_options(${program} PRIVATE -Wl,--disable-new-dtags)
  endif()
endforeach()
if(NOT TARGET helmholtz_program OR NOT PROJECT_IS_TOP_LEVEL)  # else CPack is its project's
  return()
endif()

install(TARGETS ${bundled} RUNTIME_DEPENDENCY_SET bundled_libraries
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT bundle EXCLUDE_FROM_ALL)
install(RUNTIME_DEPENDENCY_SET bundled_libraries
        PRE_EXCLUDE_REGEXES "^(libc|libm|libpthread|libdl|librt|libresolv|libgcc_s|libstdc\\+\\+|ld-linux.*)\\.so"
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT bundle EXCLUDE_FROM_ALL)
set(bundled_plugin)
if(HELMHOLTZ_HAS_CUDA)
  set(bundled_plugin helmholtz_cuda)
  install(TARGETS helmholtz_cuda LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT bundle EXCLUDE_FROM_ALL)
endif()

set(CPACK_GENERATOR TXZ)  # half of TGZ's size
string(TOLOWER "helmholtz-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR}" CPACK_PACKAGE_FILE_NAME)
set(CPACK_INSTALL_CMAKE_PROJECTS ${PROJECT_BINARY_DIR} helmholtz bundle /)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/symbol_versions.cmake)
include(CPack)
add_custom_target(bundle COMMAND ${CMAKE_CPACK_COMMAND} DEPENDS ${bundled} ${bundled_plugin} VERBATIM)
