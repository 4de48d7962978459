# Components: Runtime (the shared library), Development (what a compiler needs) and Tool (asio-sctrace).
include(CMakePackageConfigHelpers)

set(SCTRACE_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/sctrace
    CACHE STRING "Where the CMake package goes, relative to the installation prefix")
set(SCTRACE_INSTALL_PKGCONFIGDIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig
    CACHE STRING "Where sctrace.pc goes, relative to the installation prefix")
# zsh looks here by itself in its own prefix; Debian's zsh does so below /usr/local only.
set(SCTRACE_INSTALL_ZSHDIR ${CMAKE_INSTALL_DATAROOTDIR}/zsh/site-functions
    CACHE STRING "Where zsh's completion goes, relative to the installation prefix")
mark_as_advanced(SCTRACE_INSTALL_CMAKEDIR SCTRACE_INSTALL_PKGCONFIGDIR SCTRACE_INSTALL_ZSHDIR)

install(TARGETS sctrace sctrace_static sctrace_shared sctrace_src
    EXPORT sctrace-targets
    LIBRARY COMPONENT Runtime NAMELINK_COMPONENT Development
    ARCHIVE COMPONENT Development
    FILE_SET HEADERS COMPONENT Development)
# For sctrace/src.hpp: the sources of the runtime, and the private headers that they include.
install(DIRECTORY lib/src/
    DESTINATION ${CMAKE_INSTALL_DATADIR}/sctrace/src
    COMPONENT Development
    FILES_MATCHING PATTERN *.hpp)
install(DIRECTORY lib/src/recording
    DESTINATION ${CMAKE_INSTALL_DATADIR}/sctrace/src
    COMPONENT Development
    FILES_MATCHING PATTERN *.cpp)
install(EXPORT sctrace-targets
    NAMESPACE sctrace::
    DESTINATION ${SCTRACE_INSTALL_CMAKEDIR}
    COMPONENT Development)

configure_package_config_file(cmake/sctrace-config.cmake.in sctrace-config.cmake
    INSTALL_DESTINATION ${SCTRACE_INSTALL_CMAKEDIR}
    NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(sctrace-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES
        ${CMAKE_CURRENT_BINARY_DIR}/sctrace-config.cmake
        ${CMAKE_CURRENT_BINARY_DIR}/sctrace-config-version.cmake
        cmake/find_seccomp.cmake
    DESTINATION ${SCTRACE_INSTALL_CMAKEDIR}
    COMPONENT Development)

# The prefix is told from where the file lies, so that an installation can be moved.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}
    OUTPUT_VARIABLE sctrace_pc_libdir)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_INCLUDEDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}
    OUTPUT_VARIABLE sctrace_pc_includedir)
cmake_path(ABSOLUTE_PATH SCTRACE_INSTALL_PKGCONFIGDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}
    OUTPUT_VARIABLE sctrace_pc_dir)
set(sctrace_pc_prefix ${CMAKE_INSTALL_PREFIX})
cmake_path(RELATIVE_PATH sctrace_pc_prefix BASE_DIRECTORY ${sctrace_pc_dir})
configure_file(cmake/sctrace.pc.in sctrace.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sctrace.pc
    DESTINATION ${SCTRACE_INSTALL_PKGCONFIGDIR}
    COMPONENT Development)

if(TARGET asio-sctrace)
    if(BUILD_SHARED_LIBS)
        # Finds the shared library beside it wherever the prefix is.
        set_target_properties(asio-sctrace PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
    endif()
    install(TARGETS asio-sctrace RUNTIME COMPONENT Tool)
    install(FILES LICENSE
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/asio-sctrace
        COMPONENT Tool)
endif()
if(sctrace_documents)
    install(FILES ${sctrace_documents_dir}/asio-sctrace.1
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
        COMPONENT Tool)
    install(FILES ${sctrace_documents_dir}/asio-sctrace
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions
        COMPONENT Tool)
    install(FILES ${sctrace_documents_dir}/_asio-sctrace
        DESTINATION ${SCTRACE_INSTALL_ZSHDIR}
        COMPONENT Tool)
endif()

# All that `cmake --install` and CPack need, for those who do not build everything.
add_custom_target(sctrace_installed_files DEPENDS sctrace_static sctrace_shared)
if(TARGET asio-sctrace)
    add_dependencies(sctrace_installed_files asio-sctrace)
endif()
if(sctrace_documents)
    add_dependencies(sctrace_installed_files sctrace_tool_documents)
endif()
