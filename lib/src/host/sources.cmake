list(APPEND sctrace_sources
    src/host/audit_check.cpp
    src/host/audit_status.cpp
    src/host/host_check.cpp
    src/host/host_state.cpp
    src/host/kernel_check.cpp
    src/host/name_check.cpp
    src/host/printk_check.cpp
    src/host/printk_ratelimit_hold.cpp
    src/host/privilege_check.cpp
    src/host/ratelimit_guardian.cpp
    src/host/ratelimit_state.cpp)
