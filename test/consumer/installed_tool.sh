#!/usr/bin/env bash
# installed_tool.sh CMAKE BUILD_DIR LIBDIR VERSION KIND: what each component installs, and that the tool runs from
# where it was put. KIND is what the tool is linked with.
set -euo pipefail
. "$(dirname "$0")/checks.sh"
cmake=$1 build=$2 libdir=$3 version=$4 kind=$5
make_work_folder

install_component() {
    "$cmake" --install "$build" --component "$1" --prefix "$work/$1" >/dev/null
}

for component in Tool Runtime Development; do
    install_component "$component"
done

expect "component Tool" "$(files_in "$work/Tool")" "\
bin/asio-sctrace
share/bash-completion/completions/asio-sctrace
share/doc/asio-sctrace/LICENSE
share/man/man1/asio-sctrace.1
share/zsh/site-functions/_asio-sctrace"

expect "component Runtime" "$(files_in "$work/Runtime")" "\
$libdir/libsctrace.so.${version%.*}
$libdir/libsctrace.so.$version"

expect "component Development, without headers and the sources of the runtime" \
    "$(files_in "$work/Development" | grep -v '^include/sctrace/.*\.hpp$' | grep -v '^share/sctrace/src/.*\.[ch]pp$' |
        grep -v 'sctrace-targets-.*\.cmake$')" "\
$libdir/cmake/sctrace/find_seccomp.cmake
$libdir/cmake/sctrace/sctrace-config-version.cmake
$libdir/cmake/sctrace/sctrace-config.cmake
$libdir/cmake/sctrace/sctrace-targets.cmake
$libdir/libsctrace.a
$libdir/libsctrace.so
$libdir/pkgconfig/sctrace.pc"
[ -f "$work/Development/include/sctrace/sctrace.hpp" ] || fail "the headers are not installed"
[ -f "$work/Development/share/sctrace/src/recording/recorder.cpp" ] || fail "the runtime's sources are not installed"

install_component_beside_tool() {
    [ "$kind" = shared ] || return 0
    cp -a "$work/Runtime/." "$work/Tool"
}

install_component_beside_tool
expect "the installed tool's version" "$("$work/Tool/bin/asio-sctrace" --version)" "asio-sctrace $version"
