# `cmake --build DIR --target bundle`: one DIR/helmholtz-VERSION-linux-ARCHITECTURE.tar.xz with the program, the CUDA plugin, the
# GPU's tests and benchmarks, and every library that they take but for the C and C++ runtime. It runs from wherever it
# is unpacked, on Linux with the C library 2.34 or later: programs find their libraries by their own place.
set(bundled)
foreach(program helmholtz_program helmholtz_bench contract_test parity_test layered_device_test)
  if(TARGET ${program})
    list(APPEND bundled ${program})
    set_target_properties(${program} PROPERTIES INSTALL_RPATH $ORIGIN/${bin_to_lib})
    # As RPATH, not RUNPATH, it holds for libraries of libraries too.
    target_link_options(${program} PRIVATE -Wl,--disable-new-dtags)
  endif()
endforeach()
if(NOT TARGET helmholtz_program)
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

string(TOLOWER "helmholtz-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR}" bundle_name)
set(bundle_folder ${PROJECT_BINARY_DIR}/bundle/${bundle_name})
add_custom_target(bundle
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${PROJECT_BINARY_DIR}/bundle
  COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --component bundle --strip --prefix ${bundle_folder}
  COMMAND ${CMAKE_COMMAND} -D folder=${bundle_folder} -P ${CMAKE_CURRENT_LIST_DIR}/symbol_versions.cmake
  COMMAND ${CMAKE_COMMAND} -E chdir ${PROJECT_BINARY_DIR}/bundle
          ${CMAKE_COMMAND} -E tar cJf ${PROJECT_BINARY_DIR}/${bundle_name}.tar.xz ${bundle_name}
  DEPENDS ${bundled} ${bundled_plugin} VERBATIM)
