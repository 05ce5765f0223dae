# Provides zmqpy::libzmq, the library the bindings call: our engine as a private shared library inside the package
# (ZMQPY_LIBZMQ=bundled), or an installed libzmq >= 4.3 (ZMQPY_LIBZMQ=system). Sets ZMQPY_ENGINE_TARGET when it builds one.

set(ZMQPY_ENGINE_TARGET "")
set(ZMQPY_LIBZMQ_MINIMUM 4.3)
add_library(zmqpy_libzmq INTERFACE)
add_library(zmqpy::libzmq ALIAS zmqpy_libzmq)

function(zmqpy_libzmq_help reason)
  message(FATAL_ERROR
    "${reason}\n"
    "zmqpy was asked to use the system's libzmq and needs version ${ZMQPY_LIBZMQ_MINIMUM} or newer, with its headers. Install it "
    "(Debian/Ubuntu: 'apt install libzmq3-dev', Fedora: 'dnf install zeromq-devel', macOS: 'brew install zeromq'), "
    "or say where it is with -C cmake.define.ZMQ_PREFIX=/path, "
    "or leave out ZMQPY_LIBZMQ=system to build zmqpy's own engine.")
endfunction()

function(zmqpy_header_version header out)
  set(version "")
  file(STRINGS "${header}" lines REGEX "^#define ZMQ_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
  foreach(part IN ITEMS MAJOR MINOR PATCH)
    foreach(line IN LISTS lines)
      if(line MATCHES "ZMQ_VERSION_${part} +([0-9]+)")
        list(APPEND version "${CMAKE_MATCH_1}")
      endif()
    endforeach()
  endforeach()
  list(JOIN version "." version)
  set(${out} "${version}" PARENT_SCOPE)
endfunction()

# Writes a header that renames every function the given headers declare, zmq_send to zmq_py_send and so on.
function(zmqpy_private_names output)
  set(text "/* Written by cmake/Engine.cmake: the private engine's own names for the functions of libzmq's API. */\n")
  foreach(header IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${header}")
    file(STRINGS "${header}" lines REGEX "^ZMQ_EXPORT .*[ *]zmq_[a-z0-9_]+ ?\\(")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^ZMQ_EXPORT [^(]*[ *]zmq_([a-z0-9_]+) ?\\(.*" "\\1" name "${line}")
      string(APPEND text "#define zmq_${name} zmq_py_${name}\n")
    endforeach()
  endforeach()
  file(CONFIGURE OUTPUT "${output}" CONTENT "${text}" @ONLY)
endfunction()

if(ZMQPY_LIBZMQ STREQUAL "system")
  set(_hint_include "")
  set(_hint_lib "")
  if(ZMQ_PREFIX)
    set(_hint_include "${ZMQ_PREFIX}/include")
    set(_hint_lib "${ZMQ_PREFIX}/lib" "${ZMQ_PREFIX}/lib64" "${ZMQ_PREFIX}/lib/${CMAKE_LIBRARY_ARCHITECTURE}")
    find_path(ZMQPY_ZMQ_INCLUDE zmq.h PATHS ${_hint_include} NO_DEFAULT_PATH NO_CACHE)
    find_library(ZMQPY_ZMQ_LIBRARY NAMES zmq libzmq PATHS ${_hint_lib} NO_DEFAULT_PATH NO_CACHE)
  else()
    find_package(PkgConfig QUIET)
    if(PKG_CONFIG_FOUND)
      pkg_check_modules(ZMQPY_PC QUIET libzmq)
    endif()
    find_path(ZMQPY_ZMQ_INCLUDE zmq.h HINTS ${ZMQPY_PC_INCLUDEDIR} ${ZMQPY_PC_INCLUDE_DIRS} NO_CACHE)
    find_library(ZMQPY_ZMQ_LIBRARY NAMES zmq libzmq HINTS ${ZMQPY_PC_LIBDIR} ${ZMQPY_PC_LIBRARY_DIRS} NO_CACHE)
  endif()
  if(NOT ZMQPY_ZMQ_INCLUDE OR NOT ZMQPY_ZMQ_LIBRARY)
    if(ZMQ_PREFIX)
      zmqpy_libzmq_help("No libzmq was found in ${ZMQ_PREFIX}.")
    endif()
    zmqpy_libzmq_help("No libzmq was found.")
  endif()
  zmqpy_header_version("${ZMQPY_ZMQ_INCLUDE}/zmq.h" ZMQPY_ZMQ_VERSION)
  if(ZMQPY_ZMQ_VERSION VERSION_LESS ZMQPY_LIBZMQ_MINIMUM)
    zmqpy_libzmq_help("libzmq ${ZMQPY_ZMQ_VERSION} (${ZMQPY_ZMQ_INCLUDE}) is too old.")
  endif()
  message(STATUS "zmqpy: system libzmq ${ZMQPY_ZMQ_VERSION}, ${ZMQPY_ZMQ_LIBRARY}")
  target_include_directories(zmqpy_libzmq INTERFACE "${ZMQPY_ZMQ_INCLUDE}")
  target_link_libraries(zmqpy_libzmq INTERFACE "${ZMQPY_ZMQ_LIBRARY}")
  get_filename_component(_zmq_libdir "${ZMQPY_ZMQ_LIBRARY}" DIRECTORY)
  if(ZMQ_PREFIX)
    set(CMAKE_INSTALL_RPATH "${_zmq_libdir}")
  endif()
elseif(ZMQPY_LIBZMQ STREQUAL "bundled")
  set(ZMQ_BUILD_TESTS OFF CACHE BOOL "" FORCE)
  set(ZMQ_OUTPUT_NAME "zmqpy_engine" CACHE STRING "" FORCE)
  add_subdirectory(vendor/libzmq EXCLUDE_FROM_ALL)
  set(ZMQPY_ENGINE_TARGET libzmq)
  target_link_libraries(zmqpy_libzmq INTERFACE libzmq)
  # A process may also hold another libzmq whose symbols are global (LD_PRELOAD, RTLD_GLOBAL): ours have names of their own.
  zmqpy_private_names("${PROJECT_BINARY_DIR}/zmqpy_private_names.h"
    "${PROJECT_SOURCE_DIR}/vendor/libzmq/include/zmq.h" "${PROJECT_SOURCE_DIR}/vendor/libzmq/include/zmq_ext.h")
  target_compile_options(libzmq_objects PRIVATE "SHELL:-include ${PROJECT_BINARY_DIR}/zmqpy_private_names.h")
  target_compile_options(zmqpy_libzmq INTERFACE "SHELL:-include ${PROJECT_BINARY_DIR}/zmqpy_private_names.h")
  target_compile_definitions(zmqpy_libzmq INTERFACE ZMQPY_OWN_ENGINE=1)
  install(TARGETS libzmq
    LIBRARY DESTINATION zmqpy/_core COMPONENT zmqpy NAMELINK_SKIP
    RUNTIME DESTINATION zmqpy/_core COMPONENT zmqpy)
  # For modules of others that call the engine in the package: the zmq.h they include names its functions as they are there.
  install(FILES vendor/libzmq/include/zmq_ext.h DESTINATION zmqpy/_core/include COMPONENT zmqpy)
  install(FILES vendor/libzmq/include/zmq.h DESTINATION zmqpy/_core/include/engine COMPONENT zmqpy)
  install(FILES "${PROJECT_BINARY_DIR}/zmqpy_private_names.h" DESTINATION zmqpy/_core/include RENAME zmq_private_names.h
    COMPONENT zmqpy)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/zmqpy_zmq.h" @ONLY CONTENT
    "/* Written by cmake/Engine.cmake: libzmq's API on the engine in this package. */\n#include \"zmq_private_names.h\"\n#include \"engine/zmq.h\"\n")
  install(FILES "${PROJECT_BINARY_DIR}/zmqpy_zmq.h" DESTINATION zmqpy/_core/include RENAME zmq.h COMPONENT zmqpy)
else()
  message(FATAL_ERROR "ZMQPY_LIBZMQ must be 'bundled' or 'system', not '${ZMQPY_LIBZMQ}'.")
endif()
