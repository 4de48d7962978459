list(APPEND sctrace_sources
    src/text/json_document.cpp
    src/text/json_escapes.cpp
    src/text/json_line.cpp
    src/text/log_input.cpp
    src/text/quote.cpp)
