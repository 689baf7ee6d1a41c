# Installing: libtml for programs outside the tree (component "libtml"), and the daemons with their
# units and example configurations (component "daemons").
include_guard(GLOBAL)
include(CMakePackageConfigHelpers)

# Called once by tml/CMakeLists.txt, where the target `tml` and its FILE_SET HEADERS are defined.
function(forces_install_tml)
  # The SONAME is libtml.so.0 until 1.0: below it, a minor version may break the ABI.
  set_target_properties(tml PROPERTIES VERSION ${PROJECT_VERSION}
                                       SOVERSION ${PROJECT_VERSION_MAJOR})
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tml)
  install(TARGETS tml EXPORT tml-targets
    LIBRARY COMPONENT libtml NAMELINK_COMPONENT libtml
    FILE_SET HEADERS COMPONENT libtml)
  install(EXPORT tml-targets NAMESPACE tml:: DESTINATION ${package_dir} COMPONENT libtml)

  configure_package_config_file(${PROJECT_SOURCE_DIR}/deploy/cmake/tmlConfig.cmake.in
    ${PROJECT_BINARY_DIR}/tmlConfig.cmake INSTALL_DESTINATION ${package_dir}
    NO_SET_AND_CHECK_MACRO)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/tmlConfigVersion.cmake
    COMPATIBILITY SameMajorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/tmlConfig.cmake ${PROJECT_BINARY_DIR}/tmlConfigVersion.cmake
    DESTINATION ${package_dir} COMPONENT libtml)

  # The prefix is written as the way up from the .pc file, so that an installed tree can be moved.
  file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
  configure_file(${PROJECT_SOURCE_DIR}/deploy/cmake/libtml.pc.in
    ${PROJECT_BINARY_DIR}/libtml.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/libtml.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT libtml)
endfunction()

# Runs after every folder was read, because the programs are defined further down the tree.
function(forces_install_daemons)
  foreach(program ce fe forcesctl)
    if(TARGET ${program})
      install(TARGETS ${program} RUNTIME COMPONENT daemons)
    endif()
  endforeach()
  set(doc_dir ${CMAKE_INSTALL_DATAROOTDIR}/forces)
  foreach(unit ce fe)
    if(EXISTS ${PROJECT_SOURCE_DIR}/deploy/systemd/${unit}.service)
      install(FILES deploy/systemd/${unit}.service DESTINATION lib/systemd/system COMPONENT daemons)
    endif()
    if(EXISTS ${PROJECT_SOURCE_DIR}/deploy/config/${unit}.toml)
      install(FILES deploy/config/${unit}.toml DESTINATION ${doc_dir} COMPONENT daemons)
    endif()
  endforeach()
  install(FILES deploy/systemd/forces.sysusers DESTINATION lib/sysusers.d RENAME forces.conf
    COMPONENT daemons)
  install(PROGRAMS deploy/tls/make-dev-certs DESTINATION ${doc_dir} COMPONENT daemons)
  install(FILES deploy/wireshark/tml.lua DESTINATION ${doc_dir} COMPONENT daemons)
endfunction()
cmake_language(DEFER DIRECTORY ${PROJECT_SOURCE_DIR} CALL forces_install_daemons)
