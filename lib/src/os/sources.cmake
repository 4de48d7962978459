list(APPEND sctrace_sources
    src/os/kmsg_device.cpp
    src/os/process_handle.cpp
    src/os/process_scan.cpp
    src/os/setting_watch.cpp)
