# Installs the library, its headers, the program, and a package for find_package(helmholtz).
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/helmholtz)

set_target_properties(helmholtz PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
install(TARGETS helmholtz EXPORT helmholtz-targets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/helmholtz DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT helmholtz-targets NAMESPACE helmholtz:: DESTINATION ${package_dir})

if(HELMHOLTZ_HAS_CUDA)
  install(TARGETS helmholtz_cuda DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
if(HELMHOLTZ_HAS_CUDA AND SKBUILD)  # python/cuda: beside the extension; there are the libraries of CUDA 13's wheels
  set_target_properties(helmholtz_cuda PROPERTIES INSTALL_RPATH $ORIGIN/../nvidia/cu13/lib)
  install(TARGETS helmholtz_cuda LIBRARY DESTINATION helmholtz COMPONENT python_cuda)
endif()
if(HELMHOLTZ_HAS_MPI)
  install(TARGETS helmholtz_mpi DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
if(TARGET helmholtz_program)
  set_target_properties(helmholtz_program PROPERTIES INSTALL_RPATH $ORIGIN/${bin_to_lib})
  install(TARGETS helmholtz_program)
endif()

configure_package_config_file(scripts/cmake/helmholtz-config.cmake.in
  ${PROJECT_BINARY_DIR}/helmholtz-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/helmholtz-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/helmholtz-config.cmake ${PROJECT_BINARY_DIR}/helmholtz-config-version.cmake
  DESTINATION ${package_dir})
