# The plugin's sources. A host compiles the first list without CUDA; the second takes CUDA's headers;
# the third takes CUDA itself, and a host that stands in for a device has its own instead (tests/host_device).
set(kernels ${CMAKE_CURRENT_LIST_DIR})
set(portable_sources
  evaluate/evaluation_plan.cpp fused/launch_plan.cpp fused/specialise.cpp
  layered/layered_plan.cpp layered/layered_step.cpp runtime/cubin_cache.cpp runtime/nvrtc.cpp)
set(plugin_sources
  evaluate/evaluator.cpp fused/fused_trainer.cpp fused/specialised_kernel.cpp layered/layered_trainer.cpp
  plugin/plugin.cpp runtime/chunked_memory.cpp runtime/cuda_status.cpp)
set(device_sources
  evaluate/evaluation_kernels.cu fused/fused_kernels.cu layered/layered_kernels.cu runtime/across_machines.cu
  runtime/cublas.cpp)
foreach(list IN ITEMS portable_sources plugin_sources device_sources)
  list(TRANSFORM ${list} PREPEND ${kernels}/)
endforeach()

# What a specialised kernel may include, by the name in its #include: embedded_sources.cpp holds it.
set(embedded "")
function(embed root prefix)
  foreach(file IN LISTS ARGN)
    list(APPEND embedded ${prefix}${file}=${root}/${file})
  endforeach()
  set(embedded ${embedded} PARENT_SCOPE)
endfunction()
embed(${kernels}/standard "" cstddef cstdint type_traits utility)
embed(${kernels} kernels/
  fused/fused_step.hpp fused/fused_task.hpp fused/group_layers.hpp fused/group_machine.hpp fused/patterns.hpp
  fused/thread_machine.hpp fused/warp_group.hpp runtime/float_ops.hpp runtime/philox.hpp
  runtime/portable.hpp)
embed(${PROJECT_SOURCE_DIR}/src ""
  model/exact_arithmetic.inl step/network.hpp step/static_shape.hpp step/wake_sleep.inl)
embed(${PROJECT_SOURCE_DIR}/include ""
  helmholtz/contract.hpp helmholtz/draw_layout.hpp helmholtz/layer_shape.hpp)

set(embedded_files ${embedded})
list(TRANSFORM embedded_files REPLACE "^[^=]+=" "")
string(REPLACE ";" "|" embedded "${embedded}")
set(embedded_sources ${CMAKE_CURRENT_BINARY_DIR}/embedded_sources.cpp)
add_custom_command(OUTPUT ${embedded_sources}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${embedded_sources} "-DFILES=${embedded}"
          -P ${kernels}/embed.cmake
  DEPENDS ${embedded_files} ${kernels}/embed.cmake VERBATIM)
