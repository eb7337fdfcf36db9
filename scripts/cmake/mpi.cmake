# Sets HELMHOLTZ_HAS_MPI: whether the plugin that deals a sweep's shards to the ranks of a job is built.
set(HELMHOLTZ_HAS_MPI OFF)
if(HELMHOLTZ_MPI)
  set(MPI_CXX_SKIP_MPICXX ON)
  find_package(MPI QUIET COMPONENTS CXX)
  if(MPI_CXX_FOUND)
    set(HELMHOLTZ_HAS_MPI ON)
    message(STATUS "MPI: ${MPI_CXX_LIBRARIES}")
  elseif(NOT HELMHOLTZ_MPI STREQUAL "AUTO")
    message(FATAL_ERROR "HELMHOLTZ_MPI is ON: needed an MPI with its compiler wrapper in PATH (Open MPI, MPICH), or MPI_HOME. "
                        "-DHELMHOLTZ_MPI=OFF builds everything else.")
  endif()
endif()
