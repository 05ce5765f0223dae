# How code is compiled and linked: language level, warnings, sanitizers, visibility, optimisation across files.
# Gives zmq_compile_settings (any target of ours), zmq_library_settings (the libraries) and ZMQ_EXPORT_LINK_OPTIONS.
include_guard()
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

set(ZMQ_WARNINGS -Wall -Wextra -Wpedantic -Wshadow)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  list(APPEND ZMQ_WARNINGS $<$<COMPILE_LANGUAGE:CXX>:-Wthread-safety> -Wno-missing-braces)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 warns about std::string's own operator+ and assign (its bug 105651); -Wall of any target would bring it back as an error.
  add_compile_options(-Wno-restrict)
endif()
if(ZMQ_WERROR)
  list(APPEND ZMQ_WARNINGS -Werror)
endif()

set(ZMQ_SANITIZE_FLAGS "")
if(ZMQ_SANITIZE STREQUAL "address")
  set(ZMQ_SANITIZE_FLAGS -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(ZMQ_SANITIZE STREQUAL "thread")
  set(ZMQ_SANITIZE_FLAGS -fsanitize=thread)
elseif(ZMQ_SANITIZE)
  message(FATAL_ERROR "ZMQ_SANITIZE is '${ZMQ_SANITIZE}'; it can be address, thread or empty")
endif()
if(ZMQ_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "ZMQ_BUILD_FUZZERS needs clang (libFuzzer); the compiler is ${CMAKE_CXX_COMPILER_ID}. "
      "Configure with -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++")
  endif()
  if(NOT ZMQ_SANITIZE AND NOT ZMQ_FUZZING_ENGINE)
    set(ZMQ_SANITIZE_FLAGS -fsanitize=address,undefined -fno-sanitize-recover=all)
  endif()
endif()
if(ZMQ_SANITIZE_FLAGS)
  list(APPEND ZMQ_SANITIZE_FLAGS -fno-omit-frame-pointer)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND ZMQ_SANITIZE_FLAGS MATCHES "undefined")
    # The conformance tests look functions up by name and declare their parameters' types themselves.
    list(APPEND ZMQ_SANITIZE_FLAGS -fno-sanitize=function)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With sanitizers GCC 12 reports accesses that it has itself made up; the sanitizers find the real ones.
    list(APPEND ZMQ_WARNINGS -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-tsan)
  endif()
endif()

set(zmq_lto OFF)
if(ZMQ_LTO AND NOT ZMQ_SANITIZE_FLAGS AND NOT ZMQ_BUILD_FUZZERS)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT zmq_lto OUTPUT zmq_lto_reason LANGUAGES CXX)
  if(NOT zmq_lto)
    message(STATUS "ZeroMQ: no optimisation across files with this compiler")
  endif()
endif()

function(zmq_compile_settings target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    INTERPROCEDURAL_OPTIMIZATION_RELEASE ${zmq_lto})
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${libzmq_SOURCE_DIR}/include>" PRIVATE "${libzmq_SOURCE_DIR}/src")
  target_include_directories(${target} SYSTEM PRIVATE ${ZMQ_POLLER_INCLUDES})
  target_compile_definitions(${target} PRIVATE ZMQ_BUILD_DRAFT_API ${ZMQ_POLLER_DEFINITIONS})
  target_compile_options(${target} PRIVATE ${ZMQ_WARNINGS})
  target_link_options(${target} PRIVATE ${ZMQ_POLLER_LINK_OPTIONS})
  if(WIN32)
    target_compile_definitions(${target} PRIVATE DLL_EXPORT)
  endif()
  if(ZMQ_SANITIZE_FLAGS)
    # Lines for their reports; whole debugging information would take a quarter of the build's time.
    target_compile_options(${target} PRIVATE ${ZMQ_SANITIZE_FLAGS} -g1)
    target_link_options(${target} PRIVATE ${ZMQ_SANITIZE_FLAGS})
  endif()
  if(ZMQ_BUILD_FUZZERS AND NOT ZMQ_FUZZING_ENGINE)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

function(zmq_library_settings target)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${ZMQ_OUTPUT_NAME}
    EXPORT_NAME libzmq
    LINKER_LANGUAGE CXX
    INTERPROCEDURAL_OPTIMIZATION_RELEASE ${zmq_lto})
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${libzmq_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_options(${target} PRIVATE ${ZMQ_POLLER_LINK_OPTIONS})
  target_link_libraries(${target} PRIVATE Threads::Threads ${ZMQ_SODIUM_LIBRARIES} ${ZMQ_TLS_LIBRARIES})
  if(ZMQ_SANITIZE_FLAGS)
    target_link_options(${target} PUBLIC ${ZMQ_SANITIZE_FLAGS})
  endif()
endfunction()

# Only zmq_* leaves the library, and on ELF nothing is left undefined by accident. Its own calls of those stay inside: where another
# libzmq came first into the process they would else be that one's.
set(ZMQ_EXPORT_LINK_OPTIONS "")
if(APPLE)
  set(ZMQ_EXPORT_LINK_OPTIONS "LINKER:-exported_symbol,_zmq_*")
elseif(UNIX)
  set(ZMQ_EXPORT_LINK_OPTIONS "LINKER:--version-script=${CMAKE_CURRENT_LIST_DIR}/libzmq.map" "LINKER:-Bsymbolic-functions")
  if(NOT ZMQ_SANITIZE_FLAGS)
    list(APPEND ZMQ_EXPORT_LINK_OPTIONS "LINKER:-z,defs")
  endif()
endif()
