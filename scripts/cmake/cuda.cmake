# Sets HELMHOLTZ_HAS_CUDA: whether the plugin is built. CUDA 12 and 13; nvcc may lie outside PATH.
set(HELMHOLTZ_HAS_CUDA OFF)
if(HELMHOLTZ_CUDA)
  find_program(HELMHOLTZ_NVCC nvcc
    HINTS ENV CUDACXX ENV CUDAToolkit_ROOT ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
  if(HELMHOLTZ_NVCC)
    execute_process(COMMAND ${HELMHOLTZ_NVCC} --version
                    OUTPUT_VARIABLE nvcc_version ERROR_QUIET)
    string(REGEX MATCH "release ([0-9.]+)" nvcc_version "${nvcc_version}")
    set(nvcc_version ${CMAKE_MATCH_1})
  endif()
  if(nvcc_version VERSION_GREATER_EQUAL 12)
    set(HELMHOLTZ_HAS_CUDA ON)
  elseif(NOT HELMHOLTZ_CUDA STREQUAL "AUTO")
    message(FATAL_ERROR
      "HELMHOLTZ_CUDA is ON: needed nvcc of CUDA 12 or 13 in PATH, CUDAToolkit_ROOT or "
      "/usr/local/cuda, found ${HELMHOLTZ_NVCC} ${nvcc_version}. "
      "-DHELMHOLTZ_CUDA=OFF builds everything else.")
  endif()
endif()

if(HELMHOLTZ_HAS_CUDA)
  set(CMAKE_CUDA_COMPILER ${HELMHOLTZ_NVCC} CACHE FILEPATH "CUDA compiler")
  # Code for the usual kinds of device that the toolkit knows. PTX for all others: a device takes that
  # of any architecture before its own, so the oldest serves what lies between them (87, 88, 103, 110),
  # the newest what follows.
  set(architectures 75-real 80 86-real 89-real 90)
  if(nvcc_version VERSION_GREATER_EQUAL 12.8)
    list(APPEND architectures 100-real 120)
  endif()
  set(HELMHOLTZ_CUDA_ARCHITECTURES "${architectures}" CACHE STRING
      "Architectures of the plugin; one, e.g. 90, compiles fastest")
  message(STATUS "CUDA ${nvcc_version}: architectures ${HELMHOLTZ_CUDA_ARCHITECTURES}")
endif()
