# sctrace_add_test(NAME label SOURCES … [LIBRARIES …] [TIMEOUT seconds]): one Boost.Test program, whose main()
# Boost puts into the source named *_main.cpp. CTest sees each test case under the label. A case that cannot run
# here prints "[skipped] reason" and CTest counts it as skipped.
function(sctrace_add_test name label)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "TIMEOUT" "SOURCES;LIBRARIES")
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    set(discover ${PROJECT_SOURCE_DIR}/cmake/boost_test_discover.cmake)
    set(tests ${CMAKE_CURRENT_BINARY_DIR}/${name}_tests.cmake)

    add_executable(${name} ${arg_SOURCES})
    set(main_source ${arg_SOURCES})
    list(FILTER main_source INCLUDE REGEX "_main\\.cpp$")
    set_source_files_properties(${main_source} PROPERTIES COMPILE_DEFINITIONS BOOST_TEST_MODULE=${name})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/test)
    target_link_libraries(${name} PRIVATE
        sctrace::sctrace Boost::unit_test_framework sctrace_test_paths sctrace_options ${arg_LIBRARIES})
    set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF LINK_DEPENDS ${discover})

    add_custom_command(TARGET ${name} POST_BUILD
        COMMAND ${CMAKE_COMMAND}
            -D program=$<TARGET_FILE:${name}>
            -D label=${label}
            -D timeout=${arg_TIMEOUT}
            -D output=${tests}
            -P ${discover}
        VERBATIM)
    file(CONFIGURE OUTPUT ${name}_include.cmake @ONLY CONTENT [[
if(EXISTS "@tests@")
    include("@tests@")
else()
    add_test(@label@.@name@_NOT_BUILT @name@_NOT_BUILT)
    set_tests_properties(@label@.@name@_NOT_BUILT PROPERTIES LABELS @label@)
endif()
]])
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES
        ${CMAKE_CURRENT_BINARY_DIR}/${name}_include.cmake)
endfunction()
