list(APPEND sctrace_sources
    src/log/copy_window.cpp
    src/log/gzip_reader.cpp
    src/log/log_decoder.cpp
    src/log/log_marks.cpp
    src/log/log_parser.cpp
    src/log/log_reader.cpp
    src/log/log_scanner.cpp)
