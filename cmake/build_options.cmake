# Flags of this project's own targets. They never reach a consumer: link sctrace_options PRIVATE.
option(SCTRACE_WARNINGS_AS_ERRORS "Treat compiler warnings as errors" OFF)

add_library(sctrace_options INTERFACE)
target_compile_options(sctrace_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual
    # GCC 12 sees overlapping copies in every `"text" + std::move(string)` at -O3 (GCC bug 105651), does not match
    # operator new and delete of a coroutine's frame once one of them is inlined, and with the address sanitizer takes
    # members of results in a coroutine's frame for uninitialised.
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-maybe-uninitialized>
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-mismatched-new-delete>
    $<$<BOOL:${SCTRACE_WARNINGS_AS_ERRORS}>:-Werror>)
