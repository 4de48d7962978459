# Run after a test program was built: asks it for its cases and writes one add_test() for each. A data test
# case is one test, however many samples it has.
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${program} --list_content --color_output=no
    OUTPUT_VARIABLE listing ERROR_VARIABLE listing RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "${program} --list_content failed (${status}): ${listing}")
endif()

# A line is `name*: description`, indented by 4 for each suite around it; a disabled unit has no `*`.
# Descriptions go first: they may hold the characters that CMake's lists trip over.
string(REGEX REPLACE ":[^\n]*" "" listing "${listing}")
string(REGEX MATCHALL "[^\n]+" lines "${listing}")
list(FILTER lines INCLUDE REGEX "^ *[^ *][^*]*\\*$")

set(cases "")
set(suites "")
foreach(line IN LISTS lines)
    string(REGEX MATCH "^( *)(.*)\\*$" line "${line}")
    set(unit "${CMAKE_MATCH_2}")
    string(LENGTH "${CMAKE_MATCH_1}" indent)
    math(EXPR depth "${indent} / 4")
    list(SUBLIST suites 0 ${depth} suites)
    list(JOIN suites "/" suite)

    # What turns out to be a suite, because something follows inside it, is no case.
    list(REMOVE_ITEM cases "${suite}")
    if(unit MATCHES "^_[0-9]+$" AND suite)
        list(APPEND cases "${suite}")
    else()
        list(APPEND suites "${unit}")
        list(JOIN suites "/" case)
        list(APPEND cases "${case}")
    endif()
endforeach()
if(NOT cases)
    message(FATAL_ERROR "${program} has no test cases:\n${listing}")
endif()

# Tests that touch the shared kernel log or its settings never run side by side.
set(lock "")
if(label MATCHES "^(kernel|cli)$")
    set(lock "RESOURCE_LOCK kernel_log")
endif()

# A case that says [skipped] and then fails has failed.
set(skipped [[\[skipped\].*Test module [^\n]* has passed]])

set(script "")
foreach(case IN LISTS cases)
    string(REPLACE "/" "." shown "${label}.${case}")
    string(APPEND script
        "add_test([==[${shown}]==] \"${program}\" [==[--run_test=${case}]==]"
        " --report_level=short --color_output=no --catch_system_errors=no)\n"
        "set_tests_properties([==[${shown}]==] PROPERTIES LABELS ${label} TIMEOUT ${timeout}"
        " SKIP_REGULAR_EXPRESSION [==[${skipped}]==] ${lock})\n")
endforeach()
file(WRITE ${output} "${script}")
