# Called by CTest; see CMakeLists.txt for what it is given.
file(REMOVE_RECURSE ${work_dir}/prefix ${work_dir}/build)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${build_dir} --prefix ${work_dir}/prefix)
run(${CMAKE_COMMAND} -G ${generator} -S ${source_dir} -B ${work_dir}/build
    -D CMAKE_PREFIX_PATH=${work_dir}/prefix
    -D CMAKE_CXX_COMPILER=${compiler}
    -D CMAKE_CXX_FLAGS=${flags})
run(${CMAKE_COMMAND} --build ${work_dir}/build)
run(${work_dir}/build/main)

file(READ ${source_dir}/tour.cpp tour)
file(READ ${source_dir}/../../../README.md readme)
string(FIND "${readme}" "${tour}" place)
if(place EQUAL -1)
  message(FATAL_ERROR "README.md does not show tests/consumer/project/tour.cpp as it is")
endif()
