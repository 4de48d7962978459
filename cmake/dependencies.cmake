# What a consumer needs as well: cmake/sctrace-config.cmake.in holds the twins of the first lines.
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS json)
find_package(Threads REQUIRED)
include(${CMAKE_CURRENT_LIST_DIR}/find_seccomp.cmake)

if(SCTRACE_BUILD_APPS OR SCTRACE_BUILD_TESTS)
    find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS program_options)
endif()
if(SCTRACE_BUILD_TESTS)
    find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS unit_test_framework)
endif()
if(SCTRACE_BUILD_BENCH)
    find_package(benchmark REQUIRED)
endif()
