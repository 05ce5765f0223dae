# What `cmake --install` puts down: headers, libraries, libzmq.pc for pkg-config, ZeroMQConfig.cmake for find_package (ZeroMQ).
include_guard()
include(CMakePackageConfigHelpers)

install(FILES include/zmq.h include/zmq_utils.h include/zmq_ext.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(TARGETS libzmq EXPORT ZeroMQTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
if(ZMQ_BUILD_STATIC)
  install(TARGETS libzmq-static EXPORT ZeroMQTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
endif()

set(pc_requires_private "")
if(TARGET PkgConfig::SODIUM)
  list(APPEND pc_requires_private "libsodium")
endif()
if(ZMQ_TLS_LIBRARIES)
  list(APPEND pc_requires_private "openssl")
endif()
list(JOIN pc_requires_private ", " pc_requires_private)
# Absolute install directories (distributions use them) stay as they are; relative ones move with the prefix.
foreach(kind LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${kind}}")
    set(pc_${kind} "${CMAKE_INSTALL_${kind}}")
  else()
    set(pc_${kind} "\${prefix}/${CMAKE_INSTALL_${kind}}")
  endif()
endforeach()
# The prefix is found from where libzmq.pc lies, so that `cmake --install --prefix` and moved trees work.
set(pc_up "../..")
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH pc_up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" pc_up "${pc_up}")
  set(pc_prefix "\${pcfiledir}/${pc_up}")
endif()
configure_file(cmake/libzmq.pc.in libzmq.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/libzmq.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ZeroMQ)
install(EXPORT ZeroMQTargets DESTINATION ${config_dir} COMPONENT development)
# The archive leaves libsodium to be linked with it; the target of it that was used here has to be found again there.
set(config_sodium "")
if(ZMQ_BUILD_STATIC AND ZMQ_SODIUM_LIBRARIES)
  set(config_sodium "${ZMQ_SODIUM_LIBRARIES}")
endif()
set(config_tls OFF)
if(ZMQ_BUILD_STATIC AND ZMQ_TLS_LIBRARIES)
  set(config_tls ON)
endif()
configure_package_config_file(cmake/ZeroMQConfig.cmake.in ZeroMQConfig.cmake
  INSTALL_DESTINATION ${config_dir} PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(ZeroMQConfigVersion.cmake VERSION ${PROJECT_VERSION} COMPATIBILITY AnyNewerVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/ZeroMQConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/ZeroMQConfigVersion.cmake"
  DESTINATION ${config_dir} COMPONENT development)
