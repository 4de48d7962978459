list(APPEND sctrace_sources
    src/launch/bracket.cpp
    src/launch/launcher.cpp
    src/launch/seccomp_filter.cpp)
