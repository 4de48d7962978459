list(APPEND sctrace_sources
    src/launch/audit_session.cpp
    src/launch/bracket.cpp
    src/launch/command.cpp
    src/launch/filter_code.cpp
    src/launch/launch_child.cpp
    src/launch/launcher.cpp
    src/launch/profile_compiler.cpp
    src/launch/seccomp_filter.cpp)
