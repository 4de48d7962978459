# Run by CPack on the files of the package before it packs them: puts them where Debian's policy wants them.
file(GLOB share ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share)
set(doc ${share}/doc/asio-sctrace)

# Compressed, and the same bytes in each build.
function(compress file)
    execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(READ ${doc}/LICENSE licence)
file(REMOVE ${doc}/LICENSE)
file(WRITE ${doc}/copyright "Copyright: ${CPACK_PACKAGE_VENDOR}\n\n${licence}")

# The time is SOURCE_DATE_EPOCH's where that is set.
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${doc}/changelog.Debian
    "asio-sctrace (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium\n\n"
    "  * The package that the sources of ${CPACK_PACKAGE_VERSION} make; their CHANGELOG.md tells what is new.\n\n"
    " -- ${CPACK_PACKAGE_CONTACT}  ${now}\n")
compress(${doc}/changelog.Debian)
compress(${share}/man/man1/asio-sctrace.1)

# Debian's zsh does not look into site-functions below /usr.
if(EXISTS ${share}/zsh/site-functions/_asio-sctrace)
    file(MAKE_DIRECTORY ${share}/zsh/vendor-completions)
    file(RENAME ${share}/zsh/site-functions/_asio-sctrace ${share}/zsh/vendor-completions/_asio-sctrace)
    file(REMOVE_RECURSE ${share}/zsh/site-functions)
endif()
