list(APPEND sctrace_sources
    src/trace/call_members.cpp
    src/trace/event_folder.cpp
    src/trace/event_reader.cpp
    src/trace/trace.cpp
    src/trace/trace_file.cpp
    src/trace/trace_reader.cpp)
