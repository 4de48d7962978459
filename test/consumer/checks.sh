# shellcheck shell=bash
# Functions of the scripts beside this one; sourced by bash.

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# CTest counts status 77 as skipped, and shows the reason.
skip() {
    printf '[skipped] %s\n' "$*"
    exit 77
}

needs() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "needs $program"
    done
}

# expect WHAT ACTUAL EXPECTED
expect() {
    [ "$2" = "$3" ] || fail "$1:"$'\n'"$(diff <(printf '%s\n' "$3") <(printf '%s\n' "$2"))"
}

# files_in FOLDER: all that is no folder, sorted
files_in() {
    (cd "$1" && find . ! -type d -printf '%P\n' | LC_ALL=C sort)
}

make_work_folder() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
}
