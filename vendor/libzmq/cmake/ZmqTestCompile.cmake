# How test programs are compiled beside what ZmqCompile.cmake says: for a quick build, since compiling them takes several times as
# long as compiling the engine. Works without the engine's build too (conformance/ and stress/ are built alone against other libzmqs).
include_guard()

# The level is 0 for those that are many files and compute little, 1 for those whose own speed says how much they get to try.
function(zmq_test_compile_settings target level)
  if(NOT MSVC)
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release,RelWithDebInfo>:-O${level}>)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With little optimisation GCC 12 warns of accesses to strings that it has itself made up.
    target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
endfunction()
