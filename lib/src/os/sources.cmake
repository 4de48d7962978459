list(APPEND sctrace_sources
    src/os/kernel.cpp
    src/os/process.cpp
    src/os/setting_watch.cpp)
