list(APPEND sctrace_sources
    src/source/audit_reader.cpp
    src/source/fork_reader.cpp
    src/source/kmsg_reader.cpp)
