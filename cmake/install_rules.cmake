include(CMakePackageConfigHelpers)

set(SCTRACE_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/sctrace
    CACHE STRING "Where the CMake package goes, relative to the installation prefix")
mark_as_advanced(SCTRACE_INSTALL_CMAKEDIR)

install(TARGETS sctrace sctrace_static sctrace_shared
    EXPORT sctrace-targets
    LIBRARY COMPONENT Runtime NAMELINK_COMPONENT Development
    ARCHIVE COMPONENT Development
    FILE_SET HEADERS COMPONENT Development)
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

if(TARGET asio-sctrace)
    # Finds the shared library beside it wherever the prefix is.
    set_target_properties(asio-sctrace PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
    install(TARGETS asio-sctrace RUNTIME COMPONENT Runtime)
endif()
