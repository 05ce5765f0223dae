# The script behind the tests install.*; see CMakeLists.txt.
macro(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endmacro()

file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
set(prefix "${WORK}/prefix")
run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${prefix}" --config "${CONFIG}")
foreach(file include/zmq.h include/zmq_utils.h include/zmq_ext.h ${LIBDIR}/pkgconfig/libzmq.pc
    ${LIBDIR}/cmake/ZeroMQ/ZeroMQConfig.cmake)
  if(NOT EXISTS "${prefix}/${file}")
    message(FATAL_ERROR "not installed: ${file}")
  endif()
endforeach()
if(UNIX AND NOT APPLE AND NOT EXISTS "${prefix}/${LIBDIR}/libzmq.so.5")
  message(FATAL_ERROR "not installed: libzmq.so.5")
endif()

# A moved tree must work too: nothing may point to where it was installed first.
file(RENAME "${prefix}" "${WORK}/moved")
set(prefix "${WORK}/moved")
set(program "${WORK}/build/consumer")
file(MAKE_DIRECTORY "${WORK}/build")
string(REPLACE ";" " " joined_flags "${FLAGS}")
if(WAY STREQUAL "pkg_config")
  find_program(PKG_CONFIG NAMES pkg-config pkgconf REQUIRED)
  set(ENV{PKG_CONFIG_PATH} "${prefix}/${LIBDIR}/pkgconfig")
  execute_process(COMMAND "${PKG_CONFIG}" --cflags --libs libzmq OUTPUT_VARIABLE flags
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run("${COMPILER}" -Wall -Wextra -Werror ${FLAGS} "${SOURCE}/consumer.c" ${flags} "-Wl,-rpath,${prefix}/${LIBDIR}" -o "${program}")
else()
  run("${CMAKE_COMMAND}" -S "${SOURCE}" -B "${WORK}/build" "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_C_COMPILER=${COMPILER}"
    "-DCMAKE_C_FLAGS=${joined_flags}")
  run("${CMAKE_COMMAND}" --build "${WORK}/build")
endif()
run("${program}")
