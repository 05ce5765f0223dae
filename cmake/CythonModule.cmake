# zmqpy_add_cython_module(<name>): compiles zmqpy/_core/<name>.pyx and installs the module into the package.
# The generated C is compiled without warnings as errors: it is not ours.

include(CheckIPOSupported)
check_ipo_supported(RESULT ZMQPY_IPO OUTPUT _ipo_output LANGUAGES C)

execute_process(
  COMMAND "${Python_EXECUTABLE}" -m cython --version
  RESULT_VARIABLE _cython_missing
  OUTPUT_QUIET ERROR_QUIET)
if(_cython_missing)
  message(FATAL_ERROR "zmqpy needs Cython 3 to build: run '${Python_EXECUTABLE} -m pip install \"cython>=3\"'.")
endif()

set(ZMQPY_CORE_DIR "${PROJECT_SOURCE_DIR}/zmqpy/_core")
file(GLOB ZMQPY_CORE_HEADERS CONFIGURE_DEPENDS "${ZMQPY_CORE_DIR}/*.pxd" "${ZMQPY_CORE_DIR}/include/*.h")

set(ZMQPY_CYTHON_DIRECTIVES
  -X language_level=3
  -X binding=True
  -X boundscheck=False
  -X wraparound=False
  -X cdivision=True
  -X initializedcheck=False)

function(zmqpy_add_cython_module name)
  set(source "${ZMQPY_CORE_DIR}/${name}.pyx")
  set(generated "${CMAKE_CURRENT_BINARY_DIR}/cython/${name}.c")
  file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/cython")
  add_custom_command(
    OUTPUT "${generated}"
    COMMAND "${Python_EXECUTABLE}" -m cython -3 ${ZMQPY_CYTHON_DIRECTIVES}
            --module-name "zmqpy._core.${name}" -I "${PROJECT_SOURCE_DIR}" "${source}" -o "${generated}"
    DEPENDS "${source}" ${ZMQPY_CORE_HEADERS}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    COMMENT "Cython: zmqpy._core.${name}"
    VERBATIM)

  set(target "zmqpy_core_${name}")
  Python_add_library(${target} MODULE WITH_SOABI "${generated}")
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME "${name}"
    C_VISIBILITY_PRESET hidden
    INSTALL_RPATH "$ORIGIN"
    BUILD_WITH_INSTALL_RPATH OFF)
  if(ZMQPY_IPO AND CMAKE_BUILD_TYPE STREQUAL "Release")
    set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON)
  endif()
  if(APPLE)
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "@loader_path")
  endif()
  target_include_directories(${target} PRIVATE "${ZMQPY_CORE_DIR}/include")
  target_link_libraries(${target} PRIVATE zmqpy::libzmq Threads::Threads)
  target_compile_definitions(${target} PRIVATE CYTHON_WITHOUT_ASSERTIONS)
  if(NOT MSVC)
    target_compile_options(${target} PRIVATE -O3 -fno-plt -fno-strict-aliasing -w)
  endif()
  install(TARGETS ${target} LIBRARY DESTINATION zmqpy/_core COMPONENT zmqpy)
  add_dependencies(zmqpy_all ${target})
endfunction()
