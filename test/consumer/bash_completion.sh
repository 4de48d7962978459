#!/usr/bin/env bash
# bash_completion.sh DOCUMENTS_DIR TOOL: what bash offers, and whether the tool takes the words that are offered.
set -euo pipefail
. "$(dirname "$0")/checks.sh"
completion=$(realpath "$1")/asio-sctrace
tool=$(realpath "$2")
make_work_folder
cd "$work"
mkdir folder
touch trace.ndjson

# A shell without any configuration, in which the words are already split as readline would.
candidates() {
    local beginning=$1
    shift
    bash --norc --noprofile -c '
        set -u
        completion=$1 beginning=$2
        shift 2
        . "$completion"
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _asio_sctrace asio-sctrace "$beginning" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s\n" "${COMPREPLY[@]}"' bash "$completion" "$beginning" asio-sctrace "$@" | LC_ALL=C sort | xargs
}

# offers BEGINNING WORDS EXPECTED: WORDS are the command line behind the tool's name.
offers() {
    local words
    read -ra words <<<"$2"
    [ -n "$1" ] || words+=("")
    expect "'asio-sctrace $2', beginning '$1'" "$(candidates "$1" "${words[@]}")" "$3"
}

offers "" "" "--help --quiet --version diff doctor enforce merge profile record replay watch"
offers re "re" "record replay"
offers re "--quiet re" "record replay"
offers --l "record --l" "--lift-ratelimit"
offers -- "doctor --" "--help --json --quiet --version"
offers "" "doctor" "--help --json --quiet --version -h -q"
offers "" "record --source" "audit auto kmsg"
offers "" "record --source =" "audit auto kmsg"
offers a "record --source = a" "audit auto"
offers k "profile --default-action k" "kill-process kill-thread"
offers mips64 "replay --arch mips64" "mips64 mips64n32"
offers "" "profile --base" "@crun @runc folder trace.ndjson"
offers @r "profile --base @ r" "@runc"
offers "" "record --duration" ""
offers "" "record -o" "folder trace.ndjson"
offers tr "merge tr" "trace.ndjson"
offers "" "replay trace.ndjson" "folder trace.ndjson"
offers 1 "nonsense 1" ""
offers root "record --user root" "root"
offers bash "record -q -- bash" "$(compgen -c bash | LC_ALL=C sort | xargs)"
offers ./tr "enforce -- ./tr" "./trace.ndjson"
offers tr "record --pid 1 -- cat tr" "trace.ndjson"

pids=" $(candidates "" record --pid "") "
[[ $pids == *" $$ "* ]] || fail "this process is not among those that --pid offers: $pids"

# offers_what_tool_names COMMAND OPTION [WORD…]: the words of an option are those that the tool names when it refuses
# another. The words are what the tool needs behind the option.
offers_what_tool_names() {
    local command=$1 option=$2 named
    named=$("$tool" "$command" "$option=nonsense" "${@:3}" 2>&1 |
        sed -nE 's/.*expected ([^(]*)\(see .*/\1/p') || true
    named=$(sed -E 's/,? or |, */ /g' <<<"$named" | xargs -n1 | LC_ALL=C sort | xargs)
    [ -n "$named" ] || fail "$command $option=nonsense does not say what was expected"
    offers "" "$command $option" "$named"
}

offers_what_tool_names record --source -- true
offers_what_tool_names record --follow -- true
offers_what_tool_names replay --format -
offers_what_tool_names watch --source
offers_what_tool_names watch --format
offers_what_tool_names profile --format
offers_what_tool_names profile --default-action
for arch in $(candidates "" replay --arch ""); do
    "$tool" replay --quiet --arch "$arch" - </dev/null >/dev/null || fail "--arch $arch is offered, but not taken"
done
