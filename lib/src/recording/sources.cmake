list(APPEND sctrace_sources
    src/recording/asio_configuration.cpp
    src/recording/live_records.cpp
    src/recording/call_collector.cpp
    src/recording/record_listener.cpp
    src/recording/record_router.cpp
    src/recording/recorder.cpp
    src/recording/recording_account.cpp
    src/recording/recording_plan.cpp
    src/recording/replay_account.cpp
    src/recording/replay_session.cpp
    src/recording/replayer.cpp
    src/recording/report.cpp
    src/recording/process_follower.cpp
    src/recording/watch_account.cpp
    src/recording/watcher.cpp)
