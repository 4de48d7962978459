# The target `doc`: pages on the library below <build>/documentation/html. It fails when Doxygen has anything to say.
find_program(SCTRACE_DOXYGEN doxygen)
mark_as_advanced(SCTRACE_DOXYGEN)

set(sctrace_documentation_dir ${PROJECT_BINARY_DIR}/documentation)
file(MAKE_DIRECTORY ${sctrace_documentation_dir})
configure_file(${CMAKE_CURRENT_LIST_DIR}/Doxyfile.in ${sctrace_documentation_dir}/Doxyfile @ONLY)

if(SCTRACE_DOXYGEN)
    add_custom_target(doc
        COMMAND ${SCTRACE_DOXYGEN} ${sctrace_documentation_dir}/Doxyfile
        COMMENT "Making the pages on the library"
        VERBATIM)
endif()
