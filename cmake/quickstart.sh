#!/usr/bin/env bash
# quickstart.sh demo|test|package: from a fresh clone on Debian 12 or 13 or a relative of theirs to a recorded command,
# to all tests run, or to a package of the tool.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/quickstart
tool=$build/apps/asio-sctrace/asio-sctrace
capture=$root/test/data/demo.kmsg
# shellcheck source=cmake/helpers.sh
. "$root/cmake/helpers.sh"
# shellcheck source=cmake/packages.sh
. "$root/cmake/packages.sh"

usage() {
    cat <<'TEXT'
Usage: quickstart.sh demo | test | package
  demo      install what is missing, build, record the system calls of a real command and show them
  test      install what is missing, build, run every test
  package   install what is missing, build, make a Debian package of the tool

What is missing is installed with apt, as root; somebody else is told what to install.
Everything is built in build/quickstart, from where `cmake --install build/quickstart` works after each of these.

Environment:
  SCTRACE_BOOST   the version of Boost to install, such as 1.88 on Debian 13; without it, one that is installed, else the
                  distribution's default, else its newest. It must be 1.81 or newer.
  SCTRACE_WARNINGS_AS_ERRORS
                  ON stops at the first warning of the compiler; without it they are only shown.
TEXT
}

check_own_build() {
    if ! mkdir -p "$build" 2>/dev/null || [ ! -w "$build" ]; then
        die "cannot write to $build: run this as the clone's owner, or clone the repository yourself"
    fi
}

configured() {
    [ -f "$build/build.ninja" ] && grep -qx "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$build/CMakeCache.txt"
}

configured_with_tests() {
    configured && grep -qx 'SCTRACE_BUILD_TESTS:BOOL=ON' "$build/CMakeCache.txt"
}

# The demo needs no tests, and `test` after it adds them to the same folder: nothing is built twice.
configure() {
    local fresh=()
    configured || fresh=(--fresh)
    (cd "$root" && cmake "${fresh[@]}" --preset release -B "$build" "-DSCTRACE_WARNINGS_AS_ERRORS=${SCTRACE_WARNINGS_AS_ERRORS:-OFF}" "$@")
}

build_demo() {
    # Another user's finished build is good enough to run.
    if [ -x "$tool" ] && [ ! -w "$build" ]; then
        return
    fi
    check_own_build
    build_tool
}

# What is installed or packed is built with the tool.
build_tool() {
    install_build_packages "$@"
    configured || configure -DSCTRACE_BUILD_TESTS=OFF
    cmake --build "$build" --parallel "$(parallel_jobs)" --target sctrace_installed_files
}

build_tests() {
    check_own_build
    install_test_packages
    configured_with_tests || configure -DSCTRACE_BUILD_TESTS=ON
    cmake --build "$build" --parallel "$(parallel_jobs)"
}

audit_daemon_runs() {
    grep -qsx auditd /proc/[0-9]*/comm
}

# Prints why this machine cannot record live, or nothing.
obstacle() {
    local logged=/proc/sys/kernel/seccomp/actions_logged
    if [ "$EUID" -ne 0 ]; then
        say "you are not root"
    elif ! { : </dev/kmsg; } 2>/dev/null; then
        say "/dev/kmsg cannot be opened, as in most containers"
    elif ! grep -qsw log "$logged"; then
        say "the kernel does not log seccomp's log action ('log' is not in $logged)"
    elif [ ! -w /proc/sys/kernel/printk_ratelimit ]; then
        say "kernel.printk_ratelimit cannot be changed, so the kernel would drop most records"
    elif audit_daemon_runs; then
        say "an audit daemon runs and takes the records before they reach /dev/kmsg"
    fi
}

record_live() {
    say "Recording every system call of 'ls /' from /dev/kmsg. kernel.printk_ratelimit is 0 meanwhile and put back."
    say
    "$tool" record --source kmsg --lift-ratelimit -o "$work/trace.ndjson" --report "$work/report.json" -- ls / &&
        [ -s "$work/trace.ndjson" ]
}

captured_pid() {
    sed -nE 's/.* pid=([0-9]+) comm="ls" .*/\1/p' "$capture" | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }'
}

replay() {
    say "Not recording live: $1."
    say "Replaying ${capture#"$root"/} instead: the kernel's log of an 'ls /' that was recorded earlier."
    say
    "$tool" replay --pid "$(captured_pid)" -o "$work/trace.ndjson" --report "$work/report.json" "$capture"
}

show() {
    printf '\n%s\n' "$1"
    cat "$2"
}

demo() {
    build_demo
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT

    local reason
    reason=$(obstacle)
    say
    if [ -n "$reason" ]; then
        replay "$reason"
    elif ! record_live; then
        say
        replay "the recording above did not work"
    fi
    show "The trace, one JSON object for each system call:" "$work/trace.ndjson"
    show "The report:" "$work/report.json"
}

package() {
    check_own_build
    build_tool "${package_packages[@]}"
    (cd "$build" && cpack -G DEB --config CPackConfig.cmake >cpack.log 2>&1) || die "$(cat "$build/cpack.log")"
    local made
    made=$(sed -nE 's/^CPack: - package: (.*\.deb) generated\.$/\1/p' "$build/cpack.log")
    [ -f "$made" ] || die "$(cat "$build/cpack.log")"
    say
    say "The package: $made"
    say "To install it, as root: apt-get install $made"
}

use_ccache
case "${1:-}" in
demo) demo ;;
package) package ;;
test)
    build_tests
    run_tests "$build"
    ;;
-h | --help | help) usage ;;
*)
    usage >&2
    exit 2
    ;;
esac
