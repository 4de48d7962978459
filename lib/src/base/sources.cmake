list(APPEND sctrace_sources
    src/base/architecture.cpp
    src/base/error.cpp
    src/base/syscall_names.cpp
    src/base/syscall_variants.cpp)
