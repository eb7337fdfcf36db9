# The plugin for a device that is the host: everything but the kernels' launchers and CUDA itself is the
# plugin's own code. It takes CUDA's headers, neither its compiler nor its libraries.
find_path(THRUST_INCLUDE_DIR thrust/copy.h
          HINTS ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES cccl REQUIRED)
add_library(helmholtz_host_device MODULE
  host_device/host_cublas.cpp host_device/host_launchers.cpp host_device/host_memory.cpp
  host_device/host_runtime.cpp)
target_include_directories(helmholtz_host_device SYSTEM PRIVATE
  ${THRUST_INCLUDE_DIR} ${CUDAToolkit_INCLUDE_DIRS})
target_compile_definitions(helmholtz_host_device PRIVATE
  THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP)
set_target_properties(helmholtz_host_device PROPERTIES
  CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
target_link_libraries(helmholtz_host_device PRIVATE host_kernels helmholtz_kernels helmholtz_plugin helmholtz_flags)
target_link_options(helmholtz_host_device PRIVATE -Wl,--exclude-libs,ALL)

helmholtz_test(host_device_test host_device/host_device_test.cpp)
target_compile_definitions(host_device_test PRIVATE
  HELMHOLTZ_PROGRAM="$<TARGET_FILE:helmholtz_program>"
  HELMHOLTZ_HOST_DEVICE="$<TARGET_FILE:helmholtz_host_device>")
add_dependencies(host_device_test helmholtz_program helmholtz_host_device)
target_compile_options(host_device_test PRIVATE -O0 -g0 -fno-sanitize=all)  # it starts programs

helmholtz_test(step_graph_test
  host_device/step_graph_test.cpp host_device/host_runtime.cpp ${PROJECT_SOURCE_DIR}/kernels/runtime/cuda_status.cpp)
target_include_directories(step_graph_test PRIVATE ${PROJECT_SOURCE_DIR})
target_include_directories(step_graph_test SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})

add_dependencies(threaded_tests helmholtz_host_device)
# on_host_device(NAME PROGRAM FILTER): a test program of all backends, with this device.
function(on_host_device name program filter)
  add_test(NAME ${name} COMMAND ${program} --gtest_brief=1 --gtest_filter=${filter})
  set_tests_properties(${name} PROPERTIES LABELS threads ENVIRONMENT
    "HELMHOLTZ_CUDA_PLUGIN=$<TARGET_FILE:helmholtz_host_device>;HELMHOLTZ_REQUIRE_BACKENDS=cuda-fused,cuda-layered")
endfunction()

on_host_device(contract_on_host_device contract_test *cuda*)
on_host_device(parity_on_host_device parity_test -*AWholeNotebookRun)
on_host_device(visits_on_host_device visits_test *cuda*)
on_host_device(sweep_on_host_device sweep_test *EveryExactBackend*)
if(TARGET layered_device_test)
  on_host_device(layered_on_host_device layered_device_test *)
endif()
# A device that is too small for the machines of most tests: they take turns.
on_host_device(contract_on_small_host_device contract_test *cuda_fused*)
on_host_device(visits_on_small_host_device visits_test *FusedVisits*cuda_fused*)
set_property(TEST contract_on_small_host_device visits_on_small_host_device APPEND PROPERTY
  ENVIRONMENT HELMHOLTZ_HOST_DEVICE_BYTES=40000 HELMHOLTZ_HOST_POOLS=0)
