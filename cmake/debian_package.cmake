# `cpack -G DEB` makes one package, asio-sctrace: the tool, linked with the static library, its manual page and its
# completions. Where the tool is linked with the shared library, there is no package to make.
if(NOT PROJECT_IS_TOP_LEVEL OR NOT sctrace_documents OR BUILD_SHARED_LIBS)
    return()
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_SOURCE_GENERATOR "")
set(CPACK_PACKAGE_NAME asio-sctrace)
set(CPACK_PACKAGE_VENDOR "sctrace maintainers")
set(CPACK_PACKAGE_CONTACT "sctrace maintainers <sctrace@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "record which system calls processes make")
set(CPACK_PACKAGE_DESCRIPTION
"asio-sctrace counts the system calls of a command, of running processes or of
the whole host from the kernel's SECCOMP audit records, live or from saved
logs, and tells whether a record may be missing. From such traces it writes
allow-lists for container runtimes, systemd and minijail.")
set(CPACK_COMPONENTS_ALL Tool)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian_layout.cmake)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)

include(CPack)
