# How test programs are compiled beside what ZmqCompile.cmake says: for a quick build, since compiling them takes several times as
# long as compiling the engine. Works without the engine's build too (conformance/ and stress/ are built alone against other libzmqs).
include_guard()

function(zmq_test_compile_settings target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With little optimisation GCC 12 warns of accesses to strings that it has itself made up.
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release,RelWithDebInfo>:-O1> -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
  elseif(NOT MSVC)
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release,RelWithDebInfo>:-O1>)
  endif()
endfunction()
