#!/usr/bin/env bash
# pkg_config.sh static|shared STAGE LIBDIR VERSION README_PROGRAM COMPILER [FLAG…]: programs that find the library by
# pkg-config; that of lib/README.md is one of them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/checks.sh"
needs pkg-config
kind=$1 stage=$2 libdir=$3 version=$4 readme_program=$5
shift 5
make_work_folder
export PKG_CONFIG_PATH=$stage/$libdir/pkgconfig

expect "version" "$(pkg-config --modversion sctrace)" "$version"
expect "variable prefix" "$(realpath "$(pkg-config --variable=prefix sctrace)")" "$(realpath "$stage")"
expect "what a program needs beside the shared library" "$(pkg-config --libs-only-l sctrace | xargs)" "-lsctrace"

# build SOURCE COMPILER [FLAG…]
build() {
    local source=$1
    shift
    # shellcheck disable=SC2046 # The words of pkg-config are arguments.
    "$@" -std=c++20 -O0 "$source" -o "$work/consumer" $(pkg-config "${options[@]}" --cflags --libs sctrace)
}

if [ "$kind" = static ]; then
    [[ "$*" != *-fsanitize* ]] || skip "a sanitizer's runtime cannot be linked statically"
    for archive in libboost_json.a libseccomp.a libz.a libc.a; do
        [ "$("$1" -print-file-name="$archive")" != "$archive" ] || skip "needs $archive"
    done
    options=(--static)
    build "$here/linkage.cpp" "$@" -static
    ! ldd "$work/consumer" >/dev/null 2>&1 || fail "the program is not static"
    "$work/consumer" static
else
    options=()
    export LD_LIBRARY_PATH=$stage/$libdir
    build "$here/linkage.cpp" "$@"
    "$work/consumer" shared
    build "$readme_program" "$@"
    "$here/readme_program.sh" "$work/consumer"
fi
