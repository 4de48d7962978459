# The manual page and the shells' completions, made from what the built tool says about itself. Where it cannot run,
# because another machine's compiler built it and no emulator is known, there are none, and none are installed.
set(sctrace_documents "")
if(TARGET asio-sctrace AND CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
    message(STATUS "asio-sctrace cannot run here: no manual page and no completions are made")
elseif(TARGET asio-sctrace)
    set(sctrace_documents_dir ${PROJECT_BINARY_DIR}/documents)
    set(sctrace_documents
        ${sctrace_documents_dir}/asio-sctrace.1
        ${sctrace_documents_dir}/asio-sctrace
        ${sctrace_documents_dir}/_asio-sctrace)
    file(GLOB sctrace_document_makers CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/tool_documents/*)
    add_custom_command(OUTPUT ${sctrace_documents}
        COMMAND ${CMAKE_COMMAND}
            -D "tool=${CMAKE_CROSSCOMPILING_EMULATOR};$<TARGET_FILE:asio-sctrace>"
            -D version=${PROJECT_VERSION}
            -D output_dir=${sctrace_documents_dir}
            -P ${CMAKE_CURRENT_LIST_DIR}/tool_documents/generate.cmake
        DEPENDS asio-sctrace ${sctrace_document_makers}
        COMMENT "Making the manual page and the completions of asio-sctrace"
        VERBATIM)
    add_custom_target(sctrace_tool_documents ALL DEPENDS ${sctrace_documents})
endif()
