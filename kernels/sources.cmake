# What a specialised kernel may include: embedded_sources.cpp holds it.
set(embedded "")
foreach(file IN ITEMS cstddef cstdint type_traits utility)
  list(APPEND embedded ${file}=${CMAKE_CURRENT_LIST_DIR}/standard/${file})
endforeach()
foreach(file IN ITEMS float_ops.hpp fused_step.hpp fused_task.hpp group_layers.hpp group_machine.hpp
                      group_outputs.hpp group_weights.hpp integer_ops.hpp patterns.hpp philox.hpp
                      portable.hpp thread_machine.hpp warp_group.hpp)
  list(APPEND embedded ${file}=${CMAKE_CURRENT_LIST_DIR}/${file})
endforeach()
foreach(file IN ITEMS step/network.hpp step/order.inl step/static_shape.hpp step/wake_sleep.inl
                      model/exact_arithmetic.inl)
  list(APPEND embedded ${file}=${PROJECT_SOURCE_DIR}/src/${file})
endforeach()
foreach(file IN ITEMS helmholtz/contract.hpp helmholtz/draw_layout.hpp helmholtz/layer_shape.hpp)
  list(APPEND embedded ${file}=${PROJECT_SOURCE_DIR}/include/${file})
endforeach()

set(embedded_files ${embedded})
list(TRANSFORM embedded_files REPLACE "^[^=]+=" "")
string(REPLACE ";" "|" embedded "${embedded}")
set(embedded_sources ${CMAKE_CURRENT_BINARY_DIR}/embedded_sources.cpp)
add_custom_command(OUTPUT ${embedded_sources}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${embedded_sources} "-DFILES=${embedded}"
          -P ${CMAKE_CURRENT_LIST_DIR}/embed.cmake
  DEPENDS ${embedded_files} ${CMAKE_CURRENT_LIST_DIR}/embed.cmake VERBATIM)
