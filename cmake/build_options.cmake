# Flags of this project's own targets. They never reach a consumer: link sctrace_options PRIVATE.
option(SCTRACE_WARNINGS_AS_ERRORS "Treat compiler warnings as errors" OFF)

add_library(sctrace_options INTERFACE)
target_compile_options(sctrace_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual
    $<$<BOOL:${SCTRACE_WARNINGS_AS_ERRORS}>:-Werror>)
