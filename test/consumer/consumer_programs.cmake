# Both consumer projects: a program for each target name, and that no flag of the library's own build leaks. Where
# README_PROGRAM is given, it is built and run, too.
# EXPECTED_KIND is what plain sctrace::sctrace should be: static or shared.
enable_testing()

function(check_no_flags_leak target)
    foreach(property IN ITEMS INTERFACE_COMPILE_OPTIONS INTERFACE_LINK_OPTIONS INTERFACE_COMPILE_DEFINITIONS)
        get_target_property(flags ${target} ${property})
        if(flags)
            message(FATAL_ERROR "${target} hands ${flags} to its consumers (${property})")
        endif()
    endforeach()
endfunction()

function(add_consumer target kind)
    string(REPLACE "::" "_" program consumer_${target})
    add_executable(${program} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/linkage.cpp)
    target_link_libraries(${program} PRIVATE ${target})
    add_test(NAME ${program} COMMAND ${program} ${kind})
    check_no_flags_leak(${target})
endfunction()

if(README_PROGRAM)
    add_executable(consumer_readme ${README_PROGRAM})
    target_link_libraries(consumer_readme PRIVATE sctrace::sctrace)
    add_test(NAME consumer_readme
        COMMAND ${CMAKE_CURRENT_LIST_DIR}/readme_program.sh $<TARGET_FILE:consumer_readme>)
endif()

add_consumer(sctrace::sctrace ${EXPECTED_KIND})
add_consumer(sctrace::static static)
add_consumer(sctrace::shared shared)
