#!/usr/bin/env bash
# readme_program.sh PROGRAM: a program of lib/README.md records `ls /`, or says why it cannot.
set -euo pipefail
. "$(dirname "$0")/checks.sh"
program=$(realpath "$1")
make_work_folder
chmod 777 "$work"

# check_run [COMMAND…]: what the program says when it is run by COMMAND
check_run() {
    local said last
    rm -f "$work/trace.ndjson"
    # A command that finds the kernel's audit queue full waits for up to a minute (kernel/audit.c, audit_log_start).
    said=$(cd "$work" && timeout 120 "$@" "$program") || fail "exit status $?"
    last=$(tail -n 1 <<<"$said")
    case $last in
    complete:\ * | incomplete:\ * | unproven:\ *)
        grep -qx etc <<<"$said" || fail "the command's own output is missing in: $said"
        grep -q '"name":"execve"' "$work/trace.ndjson" || fail "execve is missing in the trace"
        ;;
    "cannot "* | "no records can be had here: cannot "*)
        [ ! -s "$work/trace.ndjson" ] || fail "there is a trace, but the program says: $last"
        ;;
    *)
        fail "neither a verdict nor a reason: $said"
        ;;
    esac
    printf '%s\n' "$last"
}

check_run

# Somebody without any right, if that one may execute the program at all.
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if [ "$EUID" -eq 0 ] && command -v setpriv >/dev/null && "${nobody[@]}" test -x "$program"; then
    check_run "${nobody[@]}"
fi
