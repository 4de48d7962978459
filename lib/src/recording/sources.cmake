list(APPEND sctrace_sources
    src/recording/live_records.cpp
    src/recording/record_reader.cpp
    src/recording/record_router.cpp
    src/recording/report.cpp
    src/recording/tree_keeper.cpp
    src/recording/watch_reader.cpp)
