# Sets embedded_sources, a file that holds what a specialised kernel may include, by the name in its #include.
set(embedded "")
function(embed root prefix)
  foreach(file IN LISTS ARGN)
    list(APPEND embedded ${prefix}${file}=${root}/${file})
  endforeach()
  set(embedded ${embedded} PARENT_SCOPE)
endfunction()
embed(${CMAKE_CURRENT_LIST_DIR}/standard "" cstddef cstdint type_traits utility)
embed(${CMAKE_CURRENT_LIST_DIR} kernels/
  fused/fused_step.hpp fused/fused_task.hpp fused/group_layers.hpp fused/group_machine.hpp
  fused/reweighted_group_layers.hpp fused/thread_machine.hpp fused/warp_group.hpp
  runtime/float_ops.hpp runtime/patterns.hpp runtime/philox.hpp runtime/portable.hpp runtime/step_tables.hpp)
embed(${PROJECT_SOURCE_DIR}/src ""
  model/data/grey.hpp model/exact_arithmetic.inl step/epoch_order.hpp step/network.hpp step/reweighted.inl step/static_shape.hpp step/wake_sleep.inl)
embed(${PROJECT_SOURCE_DIR}/include ""
  helmholtz/contract.hpp helmholtz/draw_layout.hpp helmholtz/layer_shape.hpp)

set(embedded_files ${embedded})
list(TRANSFORM embedded_files REPLACE "^[^=]+=" "")
string(REPLACE ";" "|" embedded "${embedded}")
set(embedded_sources ${CMAKE_CURRENT_BINARY_DIR}/embedded_sources.cpp)
add_custom_command(OUTPUT ${embedded_sources}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${embedded_sources} "-DFILES=${embedded}"
          -P ${CMAKE_CURRENT_LIST_DIR}/embed.cmake
  DEPENDS ${embedded_files} ${CMAKE_CURRENT_LIST_DIR}/embed.cmake VERBATIM)
