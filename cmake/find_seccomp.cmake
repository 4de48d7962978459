# libseccomp ships no CMake package; this file gives it a target and is installed beside ours.
if(NOT TARGET sctrace::seccomp)
    find_path(SCTRACE_SECCOMP_INCLUDE_DIR seccomp.h REQUIRED)
    find_library(SCTRACE_SECCOMP_LIBRARY seccomp REQUIRED)
    mark_as_advanced(SCTRACE_SECCOMP_INCLUDE_DIR SCTRACE_SECCOMP_LIBRARY)
    add_library(sctrace::seccomp UNKNOWN IMPORTED)
    set_target_properties(sctrace::seccomp PROPERTIES
        IMPORTED_LOCATION ${SCTRACE_SECCOMP_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${SCTRACE_SECCOMP_INCLUDE_DIR})
endif()
