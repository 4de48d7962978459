list(APPEND sctrace_sources
    src/record/audit_record.cpp
    src/record/event.cpp
    src/record/journal_entry.cpp
    src/record/kmsg_entry.cpp
    src/record/log_format.cpp
    src/record/log_line.cpp
    src/record/log_prefix.cpp
    src/record/log_time.cpp
    src/record/logged_call.cpp
    src/record/loss_notice.cpp
    src/record/record_filter.cpp
    src/record/seccomp_record.cpp)
